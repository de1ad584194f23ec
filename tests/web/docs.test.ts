import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { aShelter, type Service, startService } from '../setup/service.ts'

/*
 * Promise: a developer who opens /docs can try an operation there, with a key, in a real browser and under the
 * policy that is sent with the page. The picture is kept as output of CI.
 */

const output = new URL('../../.ci/output', import.meta.url).pathname
let service: Service
let browser: Browser
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  service = await startService()
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  page = await browser.newPage({ viewport: { width: 1280, height: 1600 } })
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
})
afterAll(async () => {
  await browser?.close()
  await service.stop()
})

test('an arrival can be tried out on /docs: authorise, execute, see the answer', async () => {
  const key = await service.issue('national_coordinator')
  await service.call('POST', '/v1/shelters', { key, body: aShelter('AM-KT-0007', 120) })

  await page.goto(`${service.base}/docs`)
  await page.getByRole('button', { name: 'Authorize' }).first().click()
  await page.locator('.auth-container input').fill(key)
  await page.locator('.auth-btn-wrapper button.authorize').click()
  await page.locator('.auth-btn-wrapper button.btn-done').click()

  const operation = page.locator('#operations-Arrivals_and_stays-postArrival, [id$="-postArrival"]').first()
  await operation.locator('.opblock-summary').click()
  await operation.getByPlaceholder('idempotency-key').fill('tried-out-in-a-browser')
  await operation.getByRole('button', { name: 'Execute' }).click()
  const answer = operation.locator('.live-responses-table .response').first()
  await answer.waitFor()

  await mkdir(output, { recursive: true })
  await answer.scrollIntoViewIfNeeded()
  await page.screenshot({ path: join(output, 'docs-arrival.png') })
  expect(await answer.locator('.response-col_status').textContent()).toContain('201')
  expect(await answer.textContent()).toContain('"occupied": 5')
  expect(complaints).toEqual([])
})
