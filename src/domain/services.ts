/** The words of services that come to people: meals and medical care. */

export const health_service_kinds = ['pharmacy', 'clinic', 'hospital', 'mobile_team'] as const
export type HealthServiceKind = (typeof health_service_kinds)[number]

/** Whether a service with this first and last day is there on a day. */
export const isActive = (service: { starts_on: string; ends_on: string | null }, day: string): boolean =>
  service.starts_on <= day && (service.ends_on === null || day <= service.ends_on)
