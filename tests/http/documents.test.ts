import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ProblemCode, problems, typeOf } from '../../src/http/problem.ts'
import { startServer } from './server.ts'

/* Promise: the document is what the routes are, and every problem's type is a page that opens. */

let server: Awaited<ReturnType<typeof startServer>>
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

describe('problem pages', () => {
  it('every type opens', async () => {
    for (const code of Object.keys(problems) as ProblemCode[]) {
      const answer = await server.call(typeOf(code), { headers: { accept: 'text/html' } })
      expect([code, answer.status]).toEqual([code, 200])
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(answer.text).toContain(code)
      expect(answer.text).not.toMatch(/<script|<style|style=/)
    }
    expect((await server.call('/problems')).text).toContain('/problems/shelter-full')
  })

  it('an unknown one is 404', async () => {
    for (const path of [
      '/problems/nonsense',
      '/problems/to-string',
      '/problems/shelter_full',
      '/problems/__proto__',
    ]) {
      expect((await server.call(path)).json()).toMatchObject({ status: 404, code: 'not_found' })
    }
  })
})

describe('the OpenAPI document', () => {
  it('is 3.1, names one scope for each operation, and says what is refused', async () => {
    const document = (await server.call('/openapi.json')).json()
    expect(document.openapi).toBe('3.1.0')
    const { post } = document.paths['/v1/shelters/{shelter}/arrivals']
    expect(post.security).toEqual([{ bearer: ['arrivals:write'] }])
    expect(document.paths['/v1/list'].get.security).toEqual([])
    expect(Object.keys(post.responses)).toEqual([
      '201',
      '400',
      '401',
      '403',
      '406',
      '409',
      '413',
      '415',
      '422',
      '429',
      '500',
      '503',
    ])
    expect(post.responses['409'].content).toEqual({
      'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
    })
    expect(post.responses['409'].description).toContain('`shelter_full`')
    expect(post.requestBody.content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/TestArrival',
    })
    expect(Object.keys(document.paths['/v1/shelters/{shelter}'].patch.requestBody.content)).toEqual([
      'application/merge-patch+json',
      'application/json',
    ])
    expect(document.paths['/v1/list'].get.parameters).toMatchObject([
      { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 500, default: 50 } },
      { name: 'cursor', in: 'query', schema: { type: 'string' } },
      { name: 'open', in: 'query', schema: { type: 'boolean' } },
    ])
    expect(document.paths['/problems']).toBeUndefined()
    expect(document.components.schemas.TestArrival.properties.occurred_at.format).toBe('date-time')
  })

  it('has a page on which operations can be tried out, without a policy that breaks it', async () => {
    const page = await server.call('/docs', { headers: { accept: 'text/html' } })
    expect(page.status).toBe(200)
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("connect-src 'self'")
    expect(policy).not.toContain('upgrade-insecure-requests')
    expect(page.text).not.toMatch(/<script>[^<]/)
    const initializer = await server.call('/docs/static/swagger-initializer.js')
    expect(initializer.text).toContain('/openapi.json')
    expect((await server.call('/docs/static/swagger-ui-bundle.js')).status).toBe(200)
  })

  it('answers of the API allow nothing to load', async () => {
    const policy = (await server.call('/v1/list')).headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'")
  })
})
