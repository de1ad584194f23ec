import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { itself } from '../../src/access/itself.ts'
import { type ImportKind, shelters, stays } from '../../src/commands/import/columns.ts'
import { occurrences } from '../../src/commands/import/keys.ts'
import { postHere } from '../../src/commands/import/post.ts'
import { type ImportOptions, runImport } from '../../src/commands/import/run.ts'
import { importCommand, sheltersOver, staysOver } from '../../src/commands/import.ts'
import { freshDatabase } from '../setup/database.ts'
import { verifyFaults } from '../setup/journal.ts'
import { openProcesses } from '../setup/processes.ts'
import { type Service, serviceOn, startService } from '../setup/service.ts'
import { until } from '../setup/wait.ts'

/*
 * Promise: a file from a spreadsheet is told to be wrong before anything of it is posted, and posted once however
 * often it is sent, however it was saved and wherever it was interrupted.
 */

const caller = itself('command-line:test')

let folder: string
let service: Service
let files = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-test-'))
  service = await startService()
})
afterAll(async () => {
  await service.stop()
  await rm(folder, { recursive: true })
})

async function file(content: string | Buffer): Promise<string> {
  const path = join(folder, `${++files}.csv`)
  await writeFile(path, content)
  return path
}

async function importing<Content>(
  kind: ImportKind<Content>,
  path: string,
  open?: ImportOptions<Content>['open'],
) {
  const said: string[] = []
  const say = (line: string) => void said.push(line)
  const report = await runImport({ kind, path, say, ...(open !== undefined && { open }) })
  return { ...report, said }
}
type Posting = Pick<Service, 'registerShelter' | 'arrive'>
const sheltersTo = async (path: string, { registerShelter }: Posting = service) =>
  importing(shelters, path, async () => postHere(registerShelter, caller))
const staysTo = async (path: string, { arrive }: Posting = service) =>
  importing(stays, path, async () => postHere(arrive, caller))

const shelter_header = 'code,name,kind,region,latitude,longitude,status,places'
const shelterLine = (code: string, places: number) =>
  `${code},School ${code},school,${code.slice(0, 5)},40.38,44.69,open,${places}`
const withShelter = async (code: string, places: number) =>
  sheltersTo(await file(`${shelter_header}\n${shelterLine(code, places)}\n`))

/** Everything an import must leave the same, told by codes: ids, recorded_at and hashes differ from run to run. */
async function stateOf(url: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const read = async (text: string) => (await client.query(text)).rows
    return {
      stays: await read(
        `select c.code, s.people, s.people_arrived, s.status, s.arrived_at, r.reference, d.composition, d.needs
         from stays s join shelters c on c.id = s.shelter
         left join household_references r on r.household = s.household
         left join stay_details d on d.stay = s.id
         order by s.seq`,
      ),
      balances: await read(
        `select c.code, b.places, b.blocked, b.occupied, b.held, b.emergency, b.unattributed
         from place_balances b join shelters c on c.id = b.shelter order by c.code`,
      ),
      effects: await read(
        `select e.seq, e.ordinal, j.type, c.code, e.region, e.at, e.places, e.blocked, e.occupied, e.held,
           e.emergency, e.arrived
         from place_effects e join shelters c on c.id = e.shelter join journal j on j.seq = e.seq
         where j.type <> 'shelter_registered'
         order by e.seq, e.ordinal`,
      ),
    }
  } finally {
    await client.end()
  }
}

describe('a dry run', () => {
  test('names line and column of each error, counts lines as the spreadsheet does, and changes nothing', async () => {
    const before = await stateOf(service.database_url)
    const path = await file(
      [
        'shelter,people,reference,occurred_at,f_0_4,m_18_59,needs,overflow',
        'AM-KT-0001,4,"two\r\nlines",2023-09-29T20:00:00+04:00,1,1,insulin:1|wheelchair:2,false',
        'school 7,four,,29.09.2023 20:00,,,insulin,maybe',
        ',,,,,,,',
        'AM-KT-0001,2,,,3,2,,',
        'AM-KT-0001,,,,,,,,5',
        'AM-KT-0001,51,AR-1,,,,,',
      ].join('\r\n'),
    )
    const { said, ...report } = await importing(stays, path)
    expect(said).toEqual([
      expect.stringMatching(/^line 4, column A \(shelter\): Must be a shelter’s id or code/),
      expect.stringMatching(/^line 4, column B \(people\): Must be a whole number/),
      expect.stringMatching(/^line 4, column D \(occurred_at\): Must be a moment with an offset/),
      expect.stringMatching(/^line 4, column G \(needs\): Must be needs, each with how many/),
      expect.stringMatching(/^line 4, column H \(overflow\): Must be true or false/),
      expect.stringMatching(
        /^line 6, column E \(f_0_4\): The composition counts 5 people, the household has 2/,
      ),
      expect.stringMatching(/^line 7, column B \(people\): Is required/),
      expect.stringMatching(/^line 7, column I: This column has no name/),
      expect.stringMatching(/^line 8, column B \(people\): A household with a reference has at most 50/),
      expect.stringMatching(/5 stays in .*UTF-8, comma.*; 4 lines wrong. Nothing was changed/),
    ])
    expect(report).toEqual({ lines: 5, wrong: 4, posted: 0, before: 0, refused: 0 })
    expect(await stateOf(service.database_url)).toEqual(before)
  })

  test('changes nothing when every line is good, and says how to post them', async () => {
    const before = await stateOf(service.database_url)
    const path = await file(`${shelter_header}\n${shelterLine('AM-LO-0001', 5)}\n`)
    const { said, ...report } = await importing(shelters, path)
    expect(report).toMatchObject({ lines: 1, wrong: 0, posted: 0 })
    expect(said.at(-1)).toMatch(/dry run, --apply/)
    expect(await stateOf(service.database_url)).toEqual(before)
  })

  test('is what --apply does first: one line that is wrong, and none is posted', async () => {
    const path = await file(
      `${shelter_header}\n${shelterLine('AM-LO-0002', 5)}\nAM-LO-3,x,school,AM-LO,40,44,open,5`,
    )
    const { said, ...report } = await sheltersTo(path)
    expect(report).toMatchObject({ lines: 2, wrong: 1, posted: 0 })
    expect(said[0]).toMatch(/^line 3, column A \(code\): Must be a shelter’s code/)
    const found = await service.call('GET', '/v1/shelters/AM-LO-0002', {
      key: await service.issue('national_coordinator'),
    })
    expect(found.status).toBe(404)
  })

  test.each(['name', 'Surname', 'First name', 'ազգանուն', 'Фамилия'])(
    'refuses a column %s in a file of stays, and says why',
    async (name) => {
      const { said, wrong } = await importing(
        stays,
        await file(`shelter;people;${name}\nAM-KT-0001;2;Somebody\n`),
      )
      expect(wrong).toBe(1)
      expect(said[0]).toMatch(/^line 1, column C .*names do not belong here.*state registry.*`reference`/)
      expect(said.join()).not.toContain('Somebody')
    },
  )

  test('refuses unknown, missing and doubled columns by their names', async () => {
    const { said } = await importing(stays, await file('shelter,bed,shelter\nAM-KT-0001,2,\n'))
    expect(said).toEqual([
      expect.stringMatching(/^line 1, column B \(bed\): This column is not known. Known are id, shelter/),
      expect.stringMatching(/^line 1, column C \(shelter\): This column is there twice/),
      expect.stringMatching(/^line 1: Missing columns: people/),
      expect.stringMatching(/Nothing was changed/),
    ])
  })

  test.each<[string, string | Buffer, RegExp]>([
    ['a workbook', Buffer.from('PK\u0003\u0004rest'), /^line 1: This is a workbook/],
    ['an empty file', '', /^line 1: The file is empty/],
    ['UTF-16 without a mark', Buffer.from('shelter,people\n', 'utf16le'), /^line 1: This is neither UTF-8/],
    [
      'letters of windows-1251',
      Buffer.concat([
        Buffer.from('shelter;people;reference\nAM-KT-0001;2;'),
        Buffer.from([0xc0, 0xd0, 0x0a]),
      ]),
      /^line 2, column C \(reference\): Has characters that cannot be read/,
    ],
    ['an open quote', 'shelter,people\nAM-KT-0001,2\n"AM-KT-0001,2\n', /^line 3: A quote is opened here/],
    ['a stray quote', 'shelter,people\nAM-KT-0001,"2"3\n', /^line 2: After a closing quote/],
  ])('says of %s what it is', async (_name, content, said) => {
    const report = await importing(stays, await file(content))
    expect(report.wrong).toBe(1)
    expect(report.said[0]).toMatch(said)
  })
})

describe('CSV as Excel saves it', () => {
  const rows = (code: string, delimiter: string, comma: string) => [
    ['code', 'name', 'kind', 'region', 'latitude', 'longitude', 'status', 'places', 'heated', 'address', ''],
    [
      code,
      'Դպրոց',
      'school',
      'AM-TV',
      `40${comma}88`,
      `45${comma}12`,
      'open',
      '7',
      'yes',
      `"a${delimiter}""b""\nc"`,
      '',
    ],
    ['', '', '', '', '', '', '', '', '', '', ''],
  ]
  const text = (code: string, delimiter: string, comma: string, end = '\r\n') =>
    `${rows(code, delimiter, comma)
      .map((row) => row.join(delimiter))
      .join(end)}${end}`
  const utf16be = (from: string) => Buffer.from(from, 'utf16le').swap16()
  const bom = '\ufeff'

  test.each<[string, string, Buffer, string]>([
    ['comma, UTF-8', 'AM-TV-0001', Buffer.from(text('AM-TV-0001', ',', '.', '\n')), ','],
    ['semicolon, UTF-8 with a mark', 'AM-TV-0002', Buffer.from(bom + text('AM-TV-0002', ';', ',')), ';'],
    ['tab, UTF-16LE', 'AM-TV-0003', Buffer.from(bom + text('AM-TV-0003', '\t', ','), 'utf16le'), '\t'],
    ['semicolon, UTF-16BE', 'AM-TV-0004', utf16be(bom + text('AM-TV-0004', ';', ',')), ';'],
    ['a hint of sep=', 'AM-TV-0005', Buffer.from(`${bom}sep=;\r\n${text('AM-TV-0005', ';', ',')}`), ';'],
    ['semicolon and decimal point', 'AM-TV-0006', Buffer.from(text('AM-TV-0006', ';', '.', '\r')), ';'],
  ])('%s', async (_name, code, content, delimiter) => {
    const { said, ...report } = await sheltersTo(await file(content))
    expect(said).toHaveLength(1)
    expect(report).toMatchObject({ lines: 1, posted: 1, refused: 0 })
    const key = await service.issue('national_coordinator')
    expect((await service.call('GET', `/v1/shelters/${code}`, { key })).body).toMatchObject({
      name: 'Դպրոց',
      latitude: 40.88,
      longitude: 45.12,
      address: `a${delimiter}"b"\nc`,
      facts: { heated: 'yes' },
      balance: { places: 7 },
    })
  })

  test('a decimal comma where the comma parts the cells is refused', async () => {
    const line = 'AM-TV-0009,x,school,AM-TV,"40,88",45.12,open,7'
    const { said } = await importing(shelters, await file(`${shelter_header}\n${line}\n`))
    expect(said[0]).toMatch(/^line 2, column E \(latitude\): Must be degrees/)
  })
})

describe('applying', () => {
  test('tells by line what the service refuses, and goes on; sent again, it adds nothing', async () => {
    await withShelter('AM-AR-0001', 6)
    const lines = [
      'shelter;people;reference;overflow',
      'AM-AR-0001;4;AR-1;',
      'AM-AR-0001;3;AR-2;',
      'AM-KT-9999;1;;',
      'AM-AR-0001;1;;',
      'AM-AR-0001;1;;',
      'AM-AR-0001;2;AR 1;',
      'AM-AR-0001;3;AR-3;TRUE',
    ]
    const first = await staysTo(await file(lines.join('\r\n')))
    expect(first).toMatchObject({ lines: 7, posted: 4, before: 0, refused: 3 })
    expect(first.said).toEqual([
      expect.stringMatching(/^line 3: 409 shelter_full: /),
      expect.stringMatching(/^line 4: 404 shelter_not_found: /),
      expect.stringMatching(/^line 7: 409 already_present: /),
      expect.stringMatching(/^7 stays in .*; 4 are posted; 3 refused/),
    ])
    const after = await stateOf(service.database_url)
    expect(after.balances).toContainEqual(
      expect.objectContaining({ code: 'AM-AR-0001', places: 9, occupied: 9, emergency: 3 }),
    )

    // Saved by another spreadsheet, with columns in another order and lines added at both ends.
    const again = lines.map((line) => line.split(';'))
    const moved = again.map(([shelter, people, reference, overflow]) =>
      [people, overflow, reference, shelter].join(','),
    )
    const second = await staysTo(
      await file(
        Buffer.from(`\ufeff${moved.slice(0, 4).join('\n')}\n\n${moved.slice(4).join('\n')}`, 'utf16le'),
      ),
    )
    expect(second).toMatchObject({ lines: 7, posted: 4, before: 4, refused: 3 })
    expect(await stateOf(service.database_url)).toEqual(after)
  })

  test('posts nothing of a file that is not the one that was checked', async () => {
    await withShelter('AM-AR-0003', 6)
    const path = await file('shelter,people\nAM-AR-0003,2\n')
    const open = async () => {
      await writeFile(path, 'shelter,people\nAM-AR-0003,1\nAM-AR-0003,2\n')
      return postHere(service.arrive, caller)
    }
    await expect(importing(stays, path, open)).rejects.toThrow(/was changed while it was read/)
    const { balances } = await stateOf(service.database_url)
    expect(balances).toContainEqual(expect.objectContaining({ code: 'AM-AR-0003', occupied: 0 }))
  })

  test('shows a bar on a terminal', async () => {
    await withShelter('AM-AR-0002', 6)
    const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 80 })
    await runImport({
      kind: stays,
      path: await file('shelter,people\nAM-AR-0002,2\n'),
      open: async () => postHere(service.arrive, caller),
      say: () => undefined,
      terminal,
    })
    expect(String(terminal.read())).toMatch(/Checking .*Posting /s)
  })

  test('tells lines apart that say the same, however many there are', () => {
    const nth = occurrences()
    const digest = (number: number) => {
      const bytes = Buffer.alloc(32)
      bytes.writeUInt32BE(number * 4_096)
      return bytes
    }
    for (let number = 0; number < 10_000; number++) expect(nth(digest(number))).toBe(1)
    for (let number = 0; number < 10_000; number++) expect(nth(digest(number))).toBe(2)
  })
})

describe('over HTTP', () => {
  test('shelters and stays go in as NDJSON, once, with refusals by line', async () => {
    const key = await service.issue('national_coordinator')
    const over = { url: service.base, key }
    const register = await file(
      `${shelter_header}\n${shelterLine('AM-SU-0001', 6_000)}\n${shelterLine('AM-SU-0002', 2)}`,
    )
    for (const _time of [1, 2]) {
      const { lines, posted, refused } = await importing(shelters, register, async () => sheltersOver(over))
      expect({ lines, posted, refused }).toEqual({ lines: 2, posted: 2, refused: 0 })
    }
    const many = Array.from({ length: 3_000 }, (_, index) => `AM-SU-0001,2,SU-${index}`)
    const arrivals = await file(`shelter,people,reference\n${many.join('\n')}\nAM-SU-0002,3,\n`)
    for (const _time of [1, 2]) {
      const { said, posted, refused } = await importing(stays, arrivals, async () => staysOver(over))
      expect({ posted, refused }).toEqual({ posted: 3_000, refused: 1 })
      expect(said[0]).toMatch(/^line 3002: 409 shelter_full: /)
    }
    const shelter = await service.call('GET', '/v1/shelters/AM-SU-0001', { key })
    expect(shelter.body.balance.occupied).toBe(6_000)
  })

  test('stops with the reason where the key may not, or nobody listens', async () => {
    const path = await file('shelter,people\nAM-SU-0001,1\n')
    const over = (url: string, key: string) => importing(stays, path, async () => staysOver({ url, key }))
    await expect(over(service.base, 'shc_nonsense')).rejects.toThrow(/answered 401 unauthenticated/)
    await expect(over(service.base, await service.issue('partner'))).rejects.toThrow(/403 forbidden_scope/)
    await expect(over('http://127.0.0.1:9', 'x')).rejects.toThrow(
      /Stopped at line 2.*Run the same command again/,
    )
  })

  test('a line of POST /v1/batch may register a shelter, for those who may', async () => {
    const { code, ...rest } = { code: 'AM-SU-0003', name: 'x', kind: 'gym', region: 'AM-SU', latitude: 39.2 }
    const body = { code, ...rest, longitude: 46.4, status: 'open', places: 3 }
    const items = [{ key: 'batch-shelter-1', operation: 'registerShelter', body }]
    const send = async (role: 'national_coordinator' | 'shelter_staff') => {
      const key = await service.issue(role, role === 'shelter_staff' ? { regions: ['AM-SU'] } : {})
      return (await service.call('POST', '/v1/batch', { key, body: { items } })).body.items[0]
    }
    expect(await send('shelter_staff')).toMatchObject({ status: 403, body: { code: 'forbidden_scope' } })
    expect(await send('national_coordinator')).toMatchObject({ status: 201, body: { shelter: { code } } })
  })
})

describe('the command', () => {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const processes = openProcesses()
  afterAll(() => processes.close())

  /** A gym that fills up, people beyond it with overflow, households twice, lines that say the same. */
  function evening(): { register: string; arrivals: string } {
    const codes = ['AM-KT-0001', 'AM-GR-0001', 'AM-ER-0001', 'AM-SH-0001']
    const register = `${shelter_header}\n${codes.map((code, n) => shelterLine(code, n === 0 ? 700 : 9_000)).join('\n')}\n`
    const lines = Array.from({ length: 4_000 }, (_, n) => {
      const at = new Date(Date.UTC(2023, 8, 29, 12) + Math.floor(n / 4) * 10_000).toISOString()
      const reference = n % 3 === 0 ? `AR-${n % 1_000}` : ''
      const overflow = n % 97 === 0 ? 'true' : ''
      const needs = n % 5 === 0 ? 'insulin:1|wheelchair:1' : ''
      return [codes[n % 4], 1 + (n % 5), reference, at, n % 2, needs, overflow].join(';')
    })
    return {
      register,
      arrivals: `shelter;people;reference;occurred_at;f_0_4;needs;overflow\n${lines.join('\n')}\n`,
    }
  }

  test('killed half-way and run again, it leaves what one clean run leaves', async () => {
    const { register, arrivals } = evening()
    const [register_path, arrivals_path] = [await file(register), await file(arrivals)]
    const [clean, broken] = [await freshDatabase(), await freshDatabase()]
    try {
      for (const { url } of [clean, broken]) {
        const service = await serviceOn(url)
        expect((await sheltersTo(register_path, service)).posted).toBe(4)
        await service.close()
      }
      const service = await serviceOn(clean.url)
      const in_one_go = await staysTo(arrivals_path, service)
      await service.close()
      expect(in_one_go.refused).toBeGreaterThan(100)
      expect(in_one_go.posted).toBeGreaterThan(2_000)

      const killed_at = await killHalfWay(broken.url, arrivals_path, in_one_go.posted)
      expect(killed_at).toBeGreaterThan(0)
      expect(killed_at).toBeLessThan(in_one_go.posted)

      const words = ['import', 'stays', arrivals_path, '--apply']
      const again = await processes.run(words, { DATABASE_URL: broken.url })
      expect(again).toMatchObject({ code: 1, stderr: '' })
      expect(again.stdout.trimEnd().split('\n')).toEqual([
        ...in_one_go.said.slice(0, -1),
        expect.stringMatching(
          new RegExp(
            `${in_one_go.posted} are posted, \\d+ of them on an earlier run; ${in_one_go.refused} refused`,
          ),
        ),
      ])
      expect(await stateOf(broken.url)).toEqual(await stateOf(clean.url))
      expect(await verifyFaults(broken.url)).toEqual([])
    } finally {
      await Promise.all([clean.drop(), broken.drop()])
    }
  }, 180_000)

  /** Runs the import, stops the journal once some of it is committed, kills it there; how many stays there are. */
  async function killHalfWay(url: string, path: string, all: number): Promise<number> {
    const { PATH = '', HOME = '' } = process.env
    const child = spawn(process.execPath, [main, 'import', 'stays', path, '--apply'], {
      env: { PATH, HOME, DATABASE_URL: url, NODE_ENV: 'test', LOG_LEVEL: 'warn' },
      stdio: 'ignore',
    })
    const ended = once(child, 'exit')
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      const posted = async () =>
        Number((await client.query<{ count: string }>('select count(*) from stays')).rows[0]?.count)
      await until('some stays are there', async () => (await posted()) > all / 20)
      await client.query('begin')
      await client.query('select seq from journal_head for update')
      child.kill('SIGKILL')
      await ended
      await client.query('rollback')
      return await posted()
    } finally {
      child.kill('SIGKILL')
      await client.end()
    }
  }

  test.each([
    ['no file', ['stays']],
    ['a file of nothing known', ['tents', 'x.csv']],
    ['an address without a key', ['stays', 'x.csv', '--url', 'http://127.0.0.1:9']],
    ['both ways at once', ['stays', 'x.csv', '--apply', '--dry-run']],
  ])('says how it is used when told %s', async (_name, words) => {
    await expect(importCommand(words)).rejects.toThrow('npm run import -- shelters FILE.csv')
  })
})
