/*
 * What may be done, as a closed list, and who may do it (contract, *Rights*). Each operation names one scope; a role
 * is a set of them, and says how far they reach.
 */

export const scope_meanings = {
  'self:read': 'see who one is to the service, and with what rights',
  'shelters:read': 'see regions and shelters',
  'shelters:write': 'register shelters and change what is known of them',
  'places:write': 'change how many places a shelter has, block some and lift blocks',
  'capacity:read': 'see capacity, now and in the past',
  'arrivals:write': 'post arrivals and additions to a stay',
  'stays:read': 'see stays inside the remit',
  'stays:write': 'post departures, corrections and cancellations of stays',
  'stays:export': 'take out stays inside the remit as a whole',
  'transfers:write': 'move people from one shelter to another',
  'holds:read': 'see places held for people on their way',
  'holds:write': 'hold places and release them',
  'headcounts:read': 'see what was counted on the spot',
  'headcounts:write': 'post what was counted on the spot',
  'headcounts:settle': 'book the difference between a headcount and the balance',
  'references:search': 'look for a reference everywhere; each search is recorded',
  'batch:write': 'send many posts at once; each line needs its own scope too',
  'supplies:read': 'see items, needs, stores, stock, movements and services',
  'supplies:write': 'change items, needs, stores, meal and health services',
  'stock:write': 'post movements of stock and reverse them',
  'consignments:read': 'see aid cargo on its way',
  'consignments:write': 'announce consignments, dispatch, track and cancel them',
  'consignments:receive': 'post the receipt of a consignment',
  'access:read': 'see access to food and medicine',
  'alerts:read': 'see what the service warns of',
  'alerts:write': 'acknowledge alerts',
  'changes:read': 'follow the journal and prove that it is whole',
  'webhooks:read': 'see webhooks and their deliveries',
  'webhooks:write': 'set up webhooks of one’s own, test and retry them',
  'clients:read': 'see who may call, and with what rights',
  'clients:write': 'let clients in, issue and revoke keys',
  'standards:read': 'see the thresholds the service judges by, and their sources',
  'standards:write': 'change the thresholds the service judges by',
  'metrics:read': 'see how the service itself is doing',
  'journal:audit': 'see who made an entry, and the types that concern only auditors',
} as const

export type Scope = keyof typeof scope_meanings

export const scopes = Object.keys(scope_meanings) as readonly Scope[]

const isScope = (name: string): name is Scope => Object.hasOwn(scope_meanings, name)

export const scopeOf = (name: string | undefined): Scope | undefined =>
  name !== undefined && isScope(name) ? name : undefined

/** `nowhere` still reads what everybody may: it opens no shelter's contact and no stay. */
export type Reach = 'everywhere' | 'regions' | 'shelters' | 'nowhere'

export type RoleDefinition = {
  scopes: ReadonlySet<Scope>
  reach: Reach
  /** may post people into a full shelter, unless the key was issued without it */
  overflow: boolean
}

/** Whoever knows the service at all knows these. */
const common = ['self:read', 'shelters:read', 'capacity:read'] as const satisfies readonly Scope[]

const coordination = [
  ...common,
  'shelters:write',
  'places:write',
  'arrivals:write',
  'stays:read',
  'stays:write',
  'stays:export',
  'transfers:write',
  'holds:read',
  'holds:write',
  'headcounts:read',
  'headcounts:write',
  'headcounts:settle',
  'references:search',
  'batch:write',
  'supplies:read',
  'consignments:read',
  'access:read',
  'alerts:read',
  'alerts:write',
  'changes:read',
  'standards:read',
] as const satisfies readonly Scope[]

/** Scopes that change nothing in the service. */
export const reading: ReadonlySet<Scope> = new Set<Scope>([
  ...scopes.filter((scope) => scope.endsWith(':read')),
  'stays:export',
  'references:search',
  'journal:audit',
])

/** The seven roles of the contract. */
export const roles = {
  national_coordinator: { scopes: new Set<Scope>(coordination), reach: 'everywhere', overflow: true },
  regional_coordinator: { scopes: new Set<Scope>(coordination), reach: 'regions', overflow: true },
  shelter_staff: {
    scopes: new Set<Scope>([
      ...common,
      'arrivals:write',
      'stays:read',
      'stays:write',
      'transfers:write',
      'holds:read',
      'headcounts:read',
      'headcounts:write',
      'batch:write',
      'supplies:read',
      'stock:write',
      'consignments:read',
      'consignments:receive',
      'access:read',
      'alerts:read',
      'alerts:write',
      'standards:read',
    ]),
    reach: 'shelters',
    overflow: true,
  },
  logistics: {
    scopes: new Set<Scope>([
      ...common,
      'batch:write',
      'supplies:read',
      'supplies:write',
      'stock:write',
      'consignments:read',
      'consignments:write',
      'consignments:receive',
      'access:read',
      'alerts:read',
      'alerts:write',
      'changes:read',
      'standards:read',
    ]),
    reach: 'everywhere',
    overflow: false,
  },
  partner: {
    scopes: new Set<Scope>([...common, 'access:read', 'changes:read', 'webhooks:read', 'webhooks:write']),
    reach: 'nowhere',
    overflow: false,
  },
  auditor: { scopes: reading, reach: 'everywhere', overflow: false },
  admin: { scopes: new Set(scopes), reach: 'everywhere', overflow: true },
} as const satisfies Record<string, RoleDefinition>

export type Role = keyof typeof roles

export const role_names = Object.keys(roles) as [Role, ...Role[]]

export const roleOf = (name: string): Role | undefined =>
  Object.hasOwn(roles, name) ? (name as Role) : undefined
