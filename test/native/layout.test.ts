// Both sides of the crossing know the same numbers.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

test('native/base/layout.h is what lib/native/layout.ts says', () => {
  const script = join(__dirname, '..', '..', 'scripts', 'generate-layout.cjs')
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})
