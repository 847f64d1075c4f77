/**
 * Roles of a person in the organisation: the whole installation. Nobody is more than an owner. `outside` is somebody of another house,
 * for a time: they see what was granted to them in a repository, and nothing of the organisation.
 */
export const ORGANISATION_ROLES = ['owner', 'security', 'member', 'auditor', 'outside'] as const;
export type OrganisationRole = (typeof ORGANISATION_ROLES)[number];

/** Roles in one repository. Each may what those before it may. */
export const REPOSITORY_ROLES = ['read', 'write', 'maintain', 'admin'] as const;
export type RepositoryRole = (typeof REPOSITORY_ROLES)[number];

/** What can be done to a repository and what lies in it: the least role that may. */
const REPOSITORY_VERBS = {
  /** That it is there, and what it is called: part of everything that may be done to it. */
  'repository.see': 'read',
  'repository.read': 'read',
  'repository.write': 'write',
  'repository.direct-push': 'admin',
  'repository.administer': 'admin',
  'run.read': 'read',
  'run.dispatch': 'write',
  'run.rerun': 'write',
  'run.cancel': 'write',
  'schedule.read': 'read',
  'cache.remove': 'write',
  'status.write': 'write',
  'check.write': 'write',
  'finding.read': 'write',
  'finding.write': 'write',
  'webhook.read': 'maintain',
  'webhook.manage': 'admin',
  'access.read': 'maintain',
  'access.manage': 'admin',
  'variable.read': 'write',
  'variable.manage': 'maintain',
} as const satisfies { readonly [verb: string]: RepositoryRole };

/** What can be done to the organisation: who may. Repositories are no part of these. */
const ORGANISATION_VERBS = {
  'repository.create': ['owner'],
  'member.read': ['owner', 'security', 'member', 'auditor'],
  'member.manage': ['owner'],
  'token.review': ['owner', 'security'],
  'runner.read': ['owner', 'security', 'auditor'],
  'runner.manage': ['owner'],
  'audit.read': ['owner', 'security', 'auditor'],
  'installation.read': ['owner', 'security', 'auditor'],
  'organisation-variable.read': ['owner', 'security', 'member', 'auditor'],
  'organisation-variable.manage': ['owner'],
  'metrics.read': ['owner', 'security', 'auditor'],
} as const satisfies { readonly [verb: string]: readonly OrganisationRole[] };

/** What everybody does with what is their own. */
const SELF_VERBS = ['self.read', 'token.manage', 'passkey.manage', 'contact.manage'] as const;

export type RepositoryVerb = keyof typeof REPOSITORY_VERBS;
export type OrganisationVerb = keyof typeof ORGANISATION_VERBS;
export type SelfVerb = (typeof SELF_VERBS)[number];
export type Verb = RepositoryVerb | OrganisationVerb | SelfVerb;

/** What a verb is asked about. */
export type AuthorisedObject =
  | { readonly type: 'repository'; readonly id: number }
  | { readonly type: 'organisation' }
  | { readonly type: 'user'; readonly id: number };

/** Which role a person of the organisation has in every repository without being named there. */
const EVERYWHERE: { readonly [Role in OrganisationRole]: RepositoryRole | undefined } = {
  owner: 'admin',
  security: 'read',
  auditor: 'read',
  member: undefined,
  outside: undefined,
};

export function isRepositoryVerb(text: string): text is RepositoryVerb {
  return Object.hasOwn(REPOSITORY_VERBS, text);
}

export function isOrganisationVerb(text: string): text is OrganisationVerb {
  return Object.hasOwn(ORGANISATION_VERBS, text);
}

export function isSelfVerb(text: string): text is SelfVerb {
  return SELF_VERBS.some((verb) => verb === text);
}

export function isVerb(text: string): text is Verb {
  return isRepositoryVerb(text) || isOrganisationVerb(text) || isSelfVerb(text);
}

export const VERBS: readonly Verb[] = [
  ...Object.keys(REPOSITORY_VERBS),
  ...Object.keys(ORGANISATION_VERBS),
  ...SELF_VERBS,
].filter(isVerb);

/** Whether a person may do this to the organisation. */
export function organisationAllows(role: OrganisationRole, verb: OrganisationVerb): boolean {
  return ORGANISATION_VERBS[verb].some((allowed) => allowed === role);
}

/** Whether a person may do this to a repository, by the role in the organisation and those that were granted there. */
export function repositoryAllows(
  role: OrganisationRole,
  granted: readonly RepositoryRole[],
  verb: RepositoryVerb,
): boolean {
  const everywhere = EVERYWHERE[role];
  const roles = everywhere === undefined ? granted : [...granted, everywhere];
  const needed = REPOSITORY_ROLES.indexOf(REPOSITORY_VERBS[verb]);
  return roles.some((one) => REPOSITORY_ROLES.indexOf(one) >= needed);
}

/** Whether the role alone opens every repository for reading. */
export function readsEverywhere(role: OrganisationRole): boolean {
  return EVERYWHERE[role] !== undefined;
}

/** What the token of a job may, by the permissions of its plan. What is not here, no job may: registering runners (R30), for one. */
const JOB_PERMISSIONS: { readonly [Verb in RepositoryVerb]?: readonly [permission: string, level: 'read' | 'write'] } =
  {
    'repository.read': ['contents', 'read'],
    'repository.write': ['contents', 'write'],
    'run.read': ['actions', 'read'],
    'run.dispatch': ['actions', 'write'],
    'run.rerun': ['actions', 'write'],
    'run.cancel': ['actions', 'write'],
    'status.write': ['statuses', 'write'],
    'check.write': ['checks', 'write'],
    'finding.read': ['security-events', 'read'],
    'finding.write': ['security-events', 'write'],
  };

export function jobAllows(permissions: { readonly [name: string]: string }, verb: RepositoryVerb): boolean {
  if (verb === 'repository.see') return true;
  const needed = JOB_PERMISSIONS[verb];
  if (needed === undefined) return false;
  const [name, level] = needed;
  const has = Object.hasOwn(permissions, name) ? permissions[name] : undefined;
  return has === 'write' || (has === 'read' && level === 'read');
}
