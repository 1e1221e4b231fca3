/**
 * The product bundled into a few files, once per run: a server started from them is ready with half the processor time,
 * most of which is spent finding, stripping and linking some hundred modules in five threads. The files that tests
 * preload are part of each bundle. `fromSources` starts from the sources.
 */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { buildDashboard, buildTag, type TagVariant } from '../../server/ops/bundle.ts'
import { ROOT } from './process.ts'

const THREADS = [
  'threads/collector-worker',
  'threads/pipeline-worker',
  'threads/store-worker',
  'import/workbook-worker',
]

/**
 * Files of the product find others beside themselves: threads are beside each other here too, all else is where it was.
 */
const placed: Plugin = {
  name: 'placed',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
        .replaceAll(
          /new URL\('[./a-z]*?([a-z]+-worker)\.ts', import\.meta\.url\)/g,
          "new URL('./$1.js', import.meta.URL)",
        )
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.URL', 'import.meta.url')
      return { contents: text, loader: 'ts' }
    })
  },
}

/** A server bundles the dashboard and the tag. They are bundled once here, and each server takes these. */
async function assetsOnce(): Promise<Plugin> {
  const usual: TagVariant = { consent_source: 'manual', forms: false, datalayer: false }
  const [tag, dashboard] = await Promise.all([buildTag(usual), buildDashboard()])
  const contents = `
    import { buildTag as build } from './bundle.ts?itself'
    export { TAG_SETTINGS_NAME, contentHash, secondName, writeBuild } from './bundle.ts?itself'
    export const buildTag = async (variant) =>
      JSON.stringify(variant) === ${JSON.stringify(JSON.stringify(usual))} ? ${JSON.stringify(tag)} : build(variant)
    export const buildDashboard = async () => new Map(${JSON.stringify([...dashboard])})`
  return {
    name: 'assets-once',
    setup({ onLoad }) {
      onLoad({ filter: /\/ops\/bundle\.ts$/ }, ({ suffix }) => (suffix === '' ? { contents, loader: 'ts' } : null))
    },
  }
}

/** Makes the files, beside the packages that they still need. `main` is run as `couture.mjs` is. */
export async function bundleProduct(): Promise<{ main: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'couture-product-'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  // Said here, so that Node does not parse each file to find out.
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  const preloaded = ['shifted-clock', 'quick-passwords', 'check-citus-shapes'].map(
    (name) => `import '${ROOT}test/support/${name}.ts'`,
  )
  const entry = (name: string, ...lines: string[]) => {
    const path = join(folder, `${name}.mjs`)
    writeFileSync(path, [...preloaded, ...lines].join('\n'))
    return path
  }
  const run = 'const code = await run(process.argv.slice(2))\nif (code !== 0) process.exit(code)'
  await build({
    entryPoints: [
      entry('main', `import { run } from '${ROOT}server/cli/program.ts'`, run),
      entry('command-host', `import '${ROOT}test/support/command-host.ts'`),
      ...THREADS.map((path) => entry(basename(path), `import '${ROOT}server/${path}.ts'`)),
    ],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: `node${process.versions.node}`,
    keepNames: true,
    external: ['better-sqlite3', 'esbuild', 'pg-native'],
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
    plugins: [await assetsOnce(), placed],
  })
  return { main: join(folder, 'main.js'), remove: () => rmSync(folder, { recursive: true, force: true }) }
}
