// A shell in a pid namespace on a terminal: job control works, and the terminal comes back. script(1) makes the terminal.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

test('Ctrl-C and Ctrl-Z reach what is in the foreground, and the shell ends as it says', async () => {
  const command = `${process.execPath} ${join(__dirname, 'fixtures', 'shell.cjs')}`
  const terminal = spawn('script', ['-qefc', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] })
  let shown = ''
  terminal.stdout.on('data', (data) => (shown += String(data)))
  /** Types, and waits for what is shown then. */
  const type = async (keys: string, expected: RegExp): Promise<void> => {
    const from = shown.length
    terminal.stdin.write(keys)
    for (let i = 0; i < 1000 && !expected.test(shown.slice(from)); i++) await sleep(10)
    expect(shown.slice(from)).toMatch(expected)
  }
  await type('echo at=$((1+1)) pid=$$\n', /at=2 pid=2\r/)
  await type('sleep 100 || echo begun=$?\n', /sleep 100/)
  await sleep(300)
  await type('\x03', /\^C/)
  await type('echo after=$?\n', /after=130\r/)
  await type('sleep 200\n', /sleep 200/)
  await sleep(300)
  await type('\x1a', /Stopped\s+sleep 200/)
  await type('kill %1; wait; echo jobs=$(jobs | wc -l)\n', /jobs=\d\r/)
  terminal.stdin.write('exit 7\n')
  await once(terminal, 'close')
  expect(shown).toMatch(/ended 7 null; the terminal is ours/)
})
