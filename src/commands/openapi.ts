import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { buildApp } from '../app.ts'
import { openEnvironment } from './environment.ts'

const path = fileURLToPath(new URL('../../openapi/v1.json', import.meta.url))

/** The published document, as the file that is kept: its `servers` are no address, for that depends on where one runs. */
export function publishedText(document: object): string {
  const servers = [{ url: '/', description: 'Wherever the service runs' }]
  return `${JSON.stringify({ ...document, servers }, null, 2)}\n`
}

/** `openapi` writes openapi/v1.json from the routes; with `--check` a difference is an error. */
export async function writeOpenapi(words: string[]): Promise<void> {
  const environment = await openEnvironment()
  const service = await buildApp({ ...environment.config, LOG_LEVEL: 'silent' })
  try {
    await service.app.ready()
    const text = publishedText(service.app.swagger())
    if (words.includes('--check')) {
      if (text !== (await readFile(path, 'utf8')))
        throw new Error('openapi/v1.json is not what the routes say: npm run openapi')
    } else {
      await writeFile(path, text)
      console.log(`Wrote ${path}`)
    }
  } finally {
    await service.drain(1_000)
    await environment.close()
  }
}
