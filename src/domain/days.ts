import { epochOf, type Instant } from './instant.ts'

/** A day of the calendar as `YYYY-MM-DD`; days compare as text. */
export type Day = string

const DAY_MS = 86_400_000

const in_yerevan = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Yerevan', dateStyle: 'short' })

/** The day in Asia/Yerevan on which a moment lies. */
export const dayOf = (instant: Instant): Day => in_yerevan.format(epochOf(instant))

export const addDays = (day: Day, days: number): Day =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10)

/** Whole days from one to another; negative where the other lies before. */
export const daysBetween = (from: Day, to: Day): number =>
  Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS)

/** 1 for Monday to 7 for Sunday (ISO 8601). */
export const weekdayOf = (day: Day): number => ((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7) + 1
