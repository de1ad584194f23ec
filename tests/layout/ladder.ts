import { dirname, join, normalize } from 'node:path/posix'
import ts from 'typescript'

/*
 * The house's rules as a function over sources, so that the same test shows each rule red on a planted violation and
 * the real tree green.
 */

/** Sources by path from the top of the checkout: `src/journal/writer.ts`. */
export type Sources = Readonly<Record<string, string>>

export type Violation = { rule: Rule; path: string; detail: string }

export type Rule =
  | 'climb down the ladder'
  | 'no feature imports another'
  | 'only commands read the settings'
  | 'stay inside src'
  | 'no SQL in routes'
  | 'stores know no HTTP'
  | 'rules take values and return values'

type Import = { specifier: string; type_only: boolean }

/** From the top down: a rung may import itself and everything below, but see `narrower`. */
const rungs = [
  'main',
  'commands',
  'app',
  'features',
  'ledgers',
  'journal',
  'access',
  'http',
  'database',
  'domain',
]

/** Rungs that may see less than what lies below them. */
const narrower: Readonly<Record<string, readonly string[]>> = {
  main: ['commands'],
  config: [],
  web: ['web', 'domain'],
}

export function violations(sources: Sources): Violation[] {
  return Object.entries(sources).flatMap(([path, source]) => {
    const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true)
    const imports = importsOf(file)
    return [
      ...imports.flatMap((imported) => wrongImport(path, imported)),
      ...shelfViolations(path, file, imports),
    ]
  })
}

/** The rung a file of src/ stands on: its folder, or its own name. */
const rungOf = (path: string): string => path.split('/')[1]?.replace(/\.tsx?$/, '') ?? ''

const featureOf = (path: string): string | undefined => /^src\/features\/([^/]+)/.exec(path)?.[1]

function wrongImport(path: string, { specifier, type_only }: Import): Violation[] {
  if (!specifier.startsWith('.')) return []
  const target = normalize(join(dirname(path), specifier))
  const violation = (rule: Rule): Violation[] => [{ rule, path, detail: `imports ${target}` }]
  if (!target.startsWith('src/')) return target.endsWith('.json') ? [] : violation('stay inside src')
  const [from, to] = [rungOf(path), rungOf(target)]
  if (to === 'config') {
    return type_only || from === 'commands' || from === 'config'
      ? []
      : violation('only commands read the settings')
  }
  if (!mayImport(from, to)) return violation('climb down the ladder')
  return featureOf(path) === featureOf(target) || from !== 'features' || to !== 'features'
    ? []
    : violation('no feature imports another')
}

function mayImport(from: string, to: string): boolean {
  const listed = narrower[from]
  if (listed !== undefined) return listed.includes(to)
  const [above, below] = [rungs.indexOf(from), rungs.indexOf(to)]
  return above >= 0 && below >= above
}

/** A shelf is a file or, when too thick, a folder: `routes.ts` or `routes/stays.ts`. */
const onShelf = (path: string, shelf: string): boolean =>
  new RegExp(`^src/(features|ledgers)/.*\\b${shelf}(\\.ts|/[^/]+\\.ts)$`).test(path)

const database_packages = /^(pg|postgres|drizzle-orm)(\/|$)/
const http_packages = /^(fastify|@fastify\/.+|fastify-zod-openapi|(node:)?https?2?|undici)(\/|$)/
const schema_packages = /^(zod|zod-openapi)(\/|$)/

function shelfViolations(path: string, file: ts.SourceFile, imports: Import[]): Violation[] {
  const found: Violation[] = []
  const refuse = (rule: Rule, detail: string): void => {
    found.push({ rule, path, detail })
  }
  for (const { specifier, type_only } of imports) {
    const target = specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : specifier
    const detail = `imports ${target}`
    if (onShelf(path, 'routes')) {
      // A type says what is passed through; a value would be a statement.
      if (!type_only && (database_packages.test(target) || target.startsWith('src/database/'))) {
        refuse('no SQL in routes', detail)
      }
    }
    if (onShelf(path, 'store')) {
      const wire =
        http_packages.test(target) || schema_packages.test(target) || target.startsWith('src/http/')
      if (wire && !type_only) refuse('stores know no HTTP', detail)
    }
    if (onShelf(path, 'rules')) {
      const packages = [database_packages, http_packages, schema_packages].some((some) => some.test(target))
      // A refusal is a value; everything else of http/ speaks HTTP. Row types are values too.
      const http = target.startsWith('src/http/') && target !== 'src/http/problem.ts'
      const rows = target.startsWith('src/database/') && !type_only
      if (packages || http || rows) refuse('rules take values and return values', detail)
    }
  }
  if (onShelf(path, 'routes')) {
    for (const text of sqlOf(file)) refuse('no SQL in routes', text)
  }
  return found
}

/** Every import and re-export of a file, `import('…')` included; those that bring only types are marked. */
function importsOf(file: ts.SourceFile): Import[] {
  const found: Import[] = []
  const add = (specifier: ts.Node | undefined, type_only: boolean): void => {
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) {
      found.push({ specifier: specifier.text, type_only })
    }
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, bringsOnlyTypes(node.importClause))
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

function bringsOnlyTypes(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false
  if (clause.isTypeOnly) return true
  const { name, namedBindings } = clause
  return (
    name === undefined &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.length > 0 &&
    namedBindings.elements.every((element) => element.isTypeOnly)
  )
}

/** All lower case (as we write it) or all upper case: a sentence for people begins with a capital. */
const sql_openings = String.raw`select\s.+\sfrom\s|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|with\s+\S+\s+as\s*\(|lock\s+table\s`
const looks_like_sql = new RegExp(
  `^\\s*(${sql_openings}|${sql_openings.replace(/(?<!\\)[a-z]/g, (letter) => letter.toUpperCase())})`,
  's',
)

/** Texts and templates of a file that are SQL, or are tagged as it. */
function sqlOf(file: ts.SourceFile): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isTaggedTemplateExpression(node) && node.tag.getText(file) === 'sql')
      found.push(node.getText(file))
    else if ((ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) && isSql(node.getText(file))) {
      found.push(node.getText(file))
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** A sentence may begin with "select"; SQL says more than that. */
const isSql = (literal: string): boolean => looks_like_sql.test(literal.slice(1, -1))

const top_level = new Set([
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'src',
  'migrations',
  'openapi',
  'tests',
  'Dockerfile',
  'README.md',
])

/** Made by tools, ignored by git. */
const not_ours = new Set(['node_modules', 'coverage'])

/** Entries of the checkout's top level that do not belong there. Dotfiles do: they are the tools' own. */
export const strangers = (entries: readonly string[]): string[] =>
  entries.filter((entry) => !entry.startsWith('.') && !top_level.has(entry) && !not_ours.has(entry))
