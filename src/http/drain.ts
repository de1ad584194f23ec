import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/*
 * Going away without losing anything: no new connections, what is in flight is finished, every answer says that the
 * connection closes, and nothing may keep the process from ending.
 */

export type Draining = {
  draining(): boolean
  /** Aborted when draining starts; streams and long polls end on it, or they would use up the grace. */
  drain_signal: AbortSignal
  /** Resolves when the server is closed, after `grace_ms` at the latest (plus what `onClose` hooks take). */
  drain(grace_ms: number): Promise<void>
}

export function installDraining(app: FastifyInstance): Draining {
  const controller = new AbortController()
  // Node counts a connection that has never sent anything as busy, so closing would wait for it.
  const silent = new Set<Socket>()
  let drained: Promise<void> | undefined

  app.server.on('connection', (socket) => {
    silent.add(socket)
    socket.once('close', () => silent.delete(socket))
  })
  app.addHook('onRequest', (request, _reply, done) => {
    if (silent.size > 0) silent.delete(request.raw.socket)
    done()
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (controller.signal.aborted) reply.header('connection', 'close')
    done(null, payload)
  })

  async function close(grace_ms: number): Promise<void> {
    const { server } = app
    const cut = setTimeout(() => server.closeAllConnections(), grace_ms)
    // Answers that were on their way when draining began kept their connections alive; they are idle soon after.
    const sweep = setInterval(() => server.closeIdleConnections(), 50)
    for (const socket of silent) if (socket.bytesRead === 0) socket.destroy()
    try {
      await app.close()
    } finally {
      clearTimeout(cut)
      clearInterval(sweep)
    }
  }

  return {
    draining: () => controller.signal.aborted,
    drain_signal: controller.signal,
    drain(grace_ms) {
      controller.abort()
      drained ??= close(grace_ms)
      return drained
    },
  }
}
