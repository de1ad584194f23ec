import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeCursor, encodeCursor, linkNext } from '../../src/http/cursor.ts'
import { negotiate } from '../../src/http/formats.ts'
import { Problem } from '../../src/http/problem.ts'
import { startServer } from './server.ts'

/* Promise: callers choose the format, read pages by cursor, and neither read nor overwrite in vain. */

let server: Awaited<ReturnType<typeof startServer>>
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

const path = '/v1/shelters/AM-KT-0007'

describe('formats', () => {
  it('Accept that excludes what is offered is 406, and the problem is sent all the same', async () => {
    for (const accept of ['text/html', 'application/json;q=0', 'text/csv', 'nonsense']) {
      const answer = await server.call('/v1/list', { headers: { accept } })
      expect([accept, answer.status]).toEqual([accept, 406])
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect(answer.json()).toMatchObject({ code: 'not_acceptable', offered: ['application/json'] })
    }
    for (const accept of [
      '*/*',
      'application/*',
      'text/html, application/json;q=0.1',
      'application/json; charset=utf-8',
    ]) {
      expect((await server.call('/v1/list', { headers: { accept } })).status).toBe(200)
    }
  })

  it('the best of several formats is chosen, the default on a tie', async () => {
    const formatFor = async (accept: string) =>
      (await server.call(path, { headers: { accept } })).json().format
    expect(await formatFor('text/csv')).toBe('csv')
    expect(await formatFor('text/csv;q=0.5, application/json')).toBe('json')
    expect(await formatFor('*/*')).toBe('json')
    expect(negotiate('text/*;q=0.9, text/csv;q=0.1, application/json;q=0.2', ['json', 'csv'])).toBe('json')
    expect((await server.call(path)).headers.get('vary')).toBe('accept')
  })
})

describe('preconditions', () => {
  it('a version that is known already is 304 without a body', async () => {
    const first = await server.call(path)
    const etag = first.headers.get('etag') ?? ''
    expect(etag).toMatch(/^"[A-Za-z0-9_-]{16}"$/)
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await server.call(path, { headers: { 'if-none-match': known } })
      expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag])
    }
    expect((await server.call(path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
  })

  it('a change needs If-Match, and a weak version matches nothing', async () => {
    const patch = (headers: Record<string, string>) =>
      server.call(path, {
        method: 'PATCH',
        body: '{}',
        headers: { 'content-type': 'application/merge-patch+json', ...headers },
      })
    expect((await patch({})).json()).toMatchObject({ status: 428, code: 'precondition_required' })
    expect((await patch({ 'if-match': 'unquoted' })).json()).toMatchObject({
      status: 400,
      code: 'invalid_parameters',
    })
    expect((await patch({ 'if-match': '"a", W/"b", "c"' })).json()).toEqual({ tags: ['"a"', '"c"'] })
    expect((await patch({ 'if-match': '*' })).json()).toEqual({ tags: ['*'] })
  })
})

describe('cursors', () => {
  it('come back as they were', () => {
    expect(decodeCursor(encodeCursor(['AM-KT-0007', 7]), ['string', 'number'])).toEqual(['AM-KT-0007', 7])
  })

  it('of another list, cut or invented, are refused', () => {
    const cursor = encodeCursor(['AM-KT-0007', 7])
    for (const wrong of [
      cursor.slice(0, -3),
      'null',
      '!',
      encodeCursor([7]),
      encodeCursor([7, 7]),
      encodeCursor(['\0', 1]),
    ]) {
      expect(() => decodeCursor(wrong, ['string', 'number'])).toThrow(Problem)
    }
  })

  it('the link to the next page keeps the question and names no host', () => {
    const headers = new Map<string, unknown>()
    const reply = {
      raw: { setHeader: (name: string, value: unknown) => headers.set(name, value) },
      getHeader: () => '',
    }
    const request = { raw: { url: '/v1/list?limit=5&q=a%26b&cursor=old' } }
    linkNext(reply as never, request as never, 'new')
    expect(headers.get('link')).toBe('<?limit=5&q=a%26b&cursor=new>; rel="next"')
  })
})
