import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import './route-config.ts'
import { isProblemCode, type ProblemCode, problems, refuse, sendProblem, typeOf } from './problem.ts'

/* The `type` of a problem is an address that opens: what the code means and what to do, for the person who looks. */

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => escapes[character] ?? character)

/** Backticks become code. */
const prose = (text: string): string => escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>')

/** No scripts, no styles, no images: readable anywhere, and clean under the strictest policy. */
const page = (title: string, content: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`

function indexPage(): string {
  const codes = (Object.keys(problems) as ProblemCode[]).toSorted(
    (one, other) => problems[one].status - problems[other].status || one.localeCompare(other),
  )
  const rows = codes.map(
    (code) =>
      `<tr><td>${problems[code].status}</td><td><a href="${typeOf(code)}"><code>${code}</code></a></td><td>${prose(problems[code].title)}</td></tr>`,
  )
  return page(
    'Problems',
    `<h1>Problems</h1>
<p>Every way in which this service says no. Programs should look at <code>code</code>.</p>
<table>
<thead><tr><th scope="col">Status</th><th scope="col">Code</th><th scope="col">What it means</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`,
  )
}

function codePage(code: ProblemCode): string {
  const { status, title, advice } = problems[code]
  return page(
    code,
    `<h1>${prose(title)}</h1>
<p>Status ${status}, code <code>${code}</code>.</p>
<h2>What to do</h2>
<p>${prose(advice)}</p>
<p><a href="/problems">All problems</a> · <a href="/docs">All operations</a></p>`,
  )
}

const answerPage = (reply: FastifyReply, html: string) =>
  reply.type('text/html; charset=utf-8').header('cache-control', 'public, max-age=3600').send(html)

/** Serves /problems and /problems/{code}, the code with hyphens as in `type`. */
export function problemPages(app: FastifyInstance): void {
  const config = { scope: null, formats: null }
  const index_page = indexPage()
  app.get('/problems', { config, schema: { hide: true } }, (_request, reply) => answerPage(reply, index_page))
  app.get(
    '/problems/:code',
    { config, schema: { hide: true } },
    (request: FastifyRequest<{ Params: { code: string } }>, reply) => {
      const code = request.params.code.replaceAll('-', '_')
      if (request.params.code.includes('_') || !isProblemCode(code)) {
        return sendProblem(reply, refuse('not_found', 'No problem has this code.'))
      }
      return answerPage(reply, codePage(code))
    },
  )
}
