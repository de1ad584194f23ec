import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { exchange, parseAnswer, startServer } from './server.ts'

/* Promise: going away loses nothing and hangs on nobody. */

const opened = (port: number) =>
  new Promise<ReturnType<typeof connect>>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.on('error', () => undefined)
  })

describe('health', () => {
  it('a process without a database lives and is not ready', async () => {
    let answer: () => Promise<boolean> = async () => true
    const server = await startServer({ isReady: () => answer() })
    expect((await server.call('/healthz')).status).toBe(200)
    expect((await server.call('/readyz')).status).toBe(200)
    for (const away of [
      async () => false,
      () => Promise.reject(new Error('away')),
      () => new Promise<boolean>(() => {}),
    ]) {
      answer = away
      const ready = await server.call('/readyz')
      expect([ready.status, ready.json().code]).toEqual([503, 'database_unavailable'])
      expect(ready.headers.get('retry-after')).toBe('1')
      expect((await server.call('/healthz')).status).toBe(200)
    }
    await server.stop()
  })
})

describe('draining', () => {
  it('finishes what is in flight, closes what is idle or silent, takes nothing new', async () => {
    const server = await startServer()
    const silent = await opened(server.port)
    const idle = await opened(server.port)
    idle.write('GET /v1/list HTTP/1.1\r\nHost: x\r\n\r\n')
    await new Promise((resolve) => idle.once('data', resolve))
    const busy = exchange(server.port, 'GET /v1/held HTTP/1.1\r\nHost: x\r\n\r\n')
    // The request is in the handler once another one, sent later, has been answered.
    await server.call('/v1/list')
    const closed = Promise.all(
      [silent, idle].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    )

    const started = performance.now()
    const drained = server.drain(5_000)
    expect(server.draining()).toBe(true)
    expect(server.drain_signal.aborted).toBe(true)
    await closed
    expect(performance.now() - started).toBeLessThan(1_000)
    await expect(fetch(`${server.base}/v1/list`)).rejects.toThrow()

    server.letGo()
    const answer = parseAnswer(await busy)
    expect([answer.status, answer.body, answer.headers.get('connection')]).toEqual([
      200,
      '{"held":true}',
      'close',
    ])
    await drained
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it('says 503 on /readyz to those who are still connected, as a problem, and closes', async () => {
    const server = await startServer()
    const socket = await opened(server.port)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    const closed = new Promise((resolve) => socket.once('close', resolve))
    // Held back by the first request, the second is read when draining has begun.
    socket.write('GET /v1/held HTTP/1.1\r\nHost: x\r\n\r\n')
    await server.call('/v1/list')
    const ready = server.app.inject('/readyz')
    const drained = server.drain(5_000)
    expect((await server.app.inject('/readyz')).json()).toMatchObject({ status: 503, code: 'not_ready' })
    server.letGo()
    await Promise.all([closed, drained, ready])
    expect(text).toContain('200 OK')
  })

  it('cuts off what does not end within the grace', async () => {
    const server = await startServer()
    const stuck = exchange(server.port, 'GET /v1/held HTTP/1.1\r\nHost: x\r\n\r\n')
    await server.call('/v1/list')
    const started = performance.now()
    await server.drain(300)
    expect(performance.now() - started).toBeLessThan(1_500)
    expect(await stuck).toBe('')
  })
})
