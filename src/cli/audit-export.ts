import { inner, integer, type Json, optionalText, text } from './client.ts';
import { openSession, type ServerOptions } from './client-place.ts';
import type { CliDependencies } from './door.ts';
import { EXIT } from './errors.ts';

const PAGE = 100;

export type AuditExportOptions = ServerOptions & { readonly format: 'ocsf' | 'json' };

/** `sallyport audit export`: every entry, newest first, a line each. Lines are JSON: control characters in them are escaped. */
export async function exportAudit(options: AuditExportOptions, dependencies: CliDependencies): Promise<number> {
  const { terminal } = dependencies;
  const { client } = await openSession(options, dependencies);
  const { version } = await client.get('/meta');
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = await client.get('/audit', { limit: PAGE, cursor });
    for (const entry of Array.isArray(page['items']) ? page['items'] : []) {
      terminal.write(`${JSON.stringify(options.format === 'json' ? entry : ocsfOf(entry, String(version)))}\n`);
    }
    cursor = optionalText(page, 'next');
  }
  return EXIT.success;
}

const CATEGORY_APPLICATION = 6;
const CLASS_API_ACTIVITY = 6003;
/** Words of actions, and the activities of OCSF that they are; others are 99, "Other". */
const ACTIVITIES = [
  { id: 1, name: 'Create', verbs: /\.(create|add|register|set|import|invite|dispatch|rerun|grant)$/ },
  { id: 2, name: 'Read', verbs: /\.(read|list|view|download)$/ },
  { id: 3, name: 'Update', verbs: /\.(update|change|rename|archive|drain|move|edit)$/ },
  { id: 4, name: 'Delete', verbs: /\.(delete|remove|revoke|cancel|erase)$/ },
] as const;
const ACTIVITY_OTHER = 99;
const STATUSES = {
  allow: { id: 1, name: 'Success' },
  deny: { id: 2, name: 'Failure' },
  error: { id: 2, name: 'Failure' },
};

/** One entry as an event of the class API Activity, OCSF 1.6. */
export function ocsfOf(entry: Json, version: string): Json {
  const body = inner(entry, 'body');
  const action = text(body, 'action');
  const outcome = text(body, 'outcome');
  const [actor, resource] = [inner(body, 'actor'), inner(body, 'resource')];
  const activity = ACTIVITIES.find(({ verbs }) => verbs.test(action)) ?? { id: ACTIVITY_OTHER, name: 'Other' };
  const status = Object.entries(STATUSES).find(([word]) => word === outcome)?.[1] ?? { id: 99, name: 'Other' };
  const isDenied = outcome === 'deny';
  return {
    activity_id: activity.id,
    activity_name: activity.name,
    category_uid: CATEGORY_APPLICATION,
    category_name: 'Application Activity',
    class_uid: CLASS_API_ACTIVITY,
    class_name: 'API Activity',
    type_uid: CLASS_API_ACTIVITY * 100 + activity.id,
    time: Date.parse(text(body, 'time')),
    severity_id: isDenied ? 2 : 1,
    severity: isDenied ? 'Low' : 'Informational',
    status_id: status.id,
    status: status.name,
    actor: { user: { uid: String(actor['id']), type: String(actor['type']), type_id: 99 } },
    api: { operation: action, service: { name: 'sallyport' } },
    resources: [{ uid: String(resource['id']), type: String(resource['type']) }],
    src_endpoint: { svc_name: 'sallyport' },
    metadata: {
      version: '1.6.0',
      uid: String(integer(entry, 'id')),
      product: { name: 'Sallyport', vendor_name: 'Sallyport', version },
      ...(typeof entry['position'] === 'number' ? { sequence: entry['position'] } : {}),
    },
    unmapped: { entry: body, ...(entry['personal'] === undefined ? {} : { personal: entry['personal'] }) },
  };
}
