// The guides and the README: their snippets are parts of programs, and the programs work.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileExamples } from '../support/examples'
import { patience } from '../support/patience'

const root = join(__dirname, '..', '..')
const guides = readdirSync(join(root, 'examples/guides')).map((file) => `guides/${file.slice(0, -3)}`)
const programs = ['readme', 'churn', ...guides]
const pages = [
  'README.md',
  'packages/ovs/README.md',
  'packages/openstack/README.md',
  ...['docs', 'docs/inside'].flatMap((directory) =>
    readdirSync(join(root, directory)).flatMap((file) => (file.endsWith('.md') ? `${directory}/${file}` : [])),
  ),
]

beforeAll(() => {
  compileExamples()
})

/** What is the same however deeply it is indented. */
function flat(code: string): string {
  return code.replaceAll(/^[ \t]+/gm, '').trim()
}

function run(program: string, ...rest: string[]): void {
  // Its names are taken nowhere: in a mount namespace of its own, with a /run of its own.
  const script = 'mount -t tmpfs none /run && "$@" && test -z "$(ls -A /run/netns 2>/dev/null)"'
  const command = [process.execPath, join(root, '.build/examples', `${program}.js`), ...rest]
  const args = ['--mount', 'sh', '-c', script, 'sh', ...command]
  const { status, stderr } = spawnSync('unshare', args, { encoding: 'utf8', timeout: patience, env: process.env })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
}

test.each(programs.filter((program) => program !== 'guides/openstack'))('examples/%s.ts works', (program) => {
  run(program)
})

test('examples/guides/openstack.ts works, and draws the pictures of its page from what there is', () => {
  const directory = mkdtempSync(join(tmpdir(), 'netloom-figures-'))
  try {
    run('guides/openstack', directory)
    const drawn = readdirSync(directory)
    expect(drawn).toHaveLength(4)
    for (const file of drawn) {
      const kept = readFileSync(join(root, 'docs/figures', file), 'utf8')
      expect(readFileSync(join(directory, file), 'utf8')).toBe(kept)
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
})

/** Those that testing.test.ts runs, each below a directory that is a project of its own. */
const tests = ['jest', 'node-test', 'vitest'].flatMap((project) =>
  readdirSync(join(root, 'examples', project), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.test\.[a-z]+$/.test(file) && !file.includes('node_modules'))
    .map((file) => `${project}/${file}`),
)

test.each(pages)('every snippet of %s is part of an example', (page) => {
  const files = [...programs.map((program) => `${program}.ts`), ...tests]
  const sources = files.map((file) => flat(readFileSync(join(root, 'examples', file), 'utf8')))
  for (const [, snippet = ''] of readFileSync(join(root, page), 'utf8').matchAll(/^```[jt]s\n(.*?)^```$/gms)) {
    if (!sources.some((source) => source.includes(flat(snippet)))) throw new Error(`in no example:\n${snippet}`)
  }
})

test.each(pages)('every link of %s leads to a file, and to a heading in it', (page) => {
  const text = readFileSync(join(root, page), 'utf8')
  for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
    const [path = '', anchor] = target.split('#')
    const linked = path === '' ? text : readFileSync(join(root, page, '..', path), 'utf8')
    const headings = [...linked.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    )
    if (anchor !== undefined && !headings.includes(anchor)) throw new Error(`${target} has no such heading`)
  }
})
