import { z } from '@hono/zod-openapi';
import {
  findingById,
  type FindingSummary,
  type FindingView,
  listFindings,
  listScans,
  proposeSuppression,
  requestScan,
  type ScanInfo,
  standOf,
  trendOf,
} from '../findings/index.ts';
import { CONFIDENCES, KINDS, SEVERITIES } from '../finding/index.ts';
import type { RepositoryReader } from '../repo/index.ts';
import { fault } from './faults.ts';
import { repository, type RepositoryCall } from './route.ts';
import { idOfCursor, idPage, idParam, iso, isoOf, pageOf, pageQuery, sizeOfPage, time } from './schema.ts';

const word = z.string().min(1).max(300).optional();
const branch = z.string().min(1).max(190).optional();
const severity = z.enum(SEVERITIES);
const counts = z.record(z.string(), z.int());
const place = z.strictObject({
  file: z.string(),
  line: z.int(),
  column: z.int(),
  endLine: z.int(),
  endColumn: z.int(),
});
/** Files of which lines are read for one finding, and lines around a place. */
const TRACE_FILES_MAX = 12;
const LINE_MAX = 400;
const SOURCE_BYTES_MAX = 2 * 1024 * 1024;
const TREND_DAYS = 90;

const summarySchema = z
  .strictObject({
    id: z.int(),
    /** The same finding in every scan has the same one. */
    fingerprint: z.string(),
    rule: z.string(),
    kind: z.enum(KINDS),
    severity,
    confidence: z.enum(CONFIDENCES),
    title: z.string(),
    message: z.string(),
    file: z.string(),
    line: z.int(),
    /** When another tool found it. */
    tool: z.string().optional(),
    state: z.enum(['open', 'suppressed', 'fixed']),
    firstSeenAt: time,
    lastSeenAt: time,
    fixedAt: time.optional(),
  })
  .openapi('FindingSummary');

const gapSchema = z.strictObject({
  code: z.string(),
  file: z.string().optional(),
  line: z.int().optional(),
  reason: z.string(),
  help: z.string().optional(),
});
const scanSchema = z
  .strictObject({
    id: z.int(),
    ref: z.string(),
    commit: z.string(),
    /** The branch that it was compared with: only what is new against it counts. */
    base: z.string().optional(),
    cause: z.enum(['push', 'asked', 'renewed', 'reported']),
    state: z.enum(['waiting', 'running', 'done', 'failed']),
    /** Nothing was left out. Only then no finding means that none is there. */
    isComplete: z.boolean().optional(),
    gaps: z.array(gapSchema),
    notes: z.array(z.string()),
    files: z.int(),
    opened: z.int(),
    fixed: z.int(),
    error: z.string().optional(),
    createdAt: time,
    startedAt: time.optional(),
    finishedAt: time.optional(),
  })
  .openapi('Scan');

const detailSchema = summarySchema
  .extend({
    ref: z.string(),
    firstCommit: z.string(),
    lastCommit: z.string(),
    fixedCommit: z.string().optional(),
    suppressed: z
      .strictObject({ reason: z.string(), owner: z.string(), expires: z.string(), by: z.enum(['comment', 'file']) })
      .optional(),
    cwe: z.int().optional(),
    place,
    evidence: z.string(),
    /** The line it is at, secrets masked. */
    code: z.string().optional(),
    priority: z.string(),
    /** From the source to the sink, each step with its line of code. */
    trace: z.array(z.strictObject({ place, message: z.string(), code: z.string().optional() })),
    subject: z.strictObject({ purl: z.string(), advisories: z.array(z.string()) }).optional(),
    fix: z.strictObject({
      kind: z.enum(['edit', 'request', 'none']),
      title: z.string(),
      followUp: z.string().optional(),
      change: z.strictObject({ line: z.int(), removed: z.array(z.string()), added: z.array(z.string()) }).optional(),
    }),
    page: z.string(),
    /** The page of the rule, in Markdown. */
    lesson: z.string().optional(),
  })
  .openapi('Finding');

function summaryOf({ firstSeenAt, lastSeenAt, fixedAt, ...rest }: FindingSummary) {
  return {
    ...rest,
    kind: kindSchema.parse(rest.kind),
    severity: severity.parse(rest.severity),
    confidence: confidenceSchema.parse(rest.confidence),
    firstSeenAt: iso(firstSeenAt),
    lastSeenAt: iso(lastSeenAt),
    ...isoOf('fixedAt', fixedAt),
  };
}
const kindSchema = z.enum(KINDS);
const confidenceSchema = z.enum(CONFIDENCES);

function scanOf({ createdAt, startedAt, finishedAt, ...rest }: ScanInfo) {
  return {
    ...rest,
    createdAt: iso(createdAt),
    ...isoOf('startedAt', startedAt),
    ...isoOf('finishedAt', finishedAt),
  };
}

const refOf = (call: RepositoryCall, name = call.repository.defaultBranch) => `refs/heads/${name}`;

export const findingRoutes = [
  repository.json(
    {
      method: 'get',
      path: '/findings',
      verb: 'finding.read',
      tag: 'Findings',
      summary: 'Findings of a branch, the most urgent first',
      query: {
        ...pageQuery,
        branch,
        state: z.enum(['open', 'suppressed', 'fixed']).optional(),
        severity: severity.optional(),
        kind: kindSchema.optional(),
        rule: word,
        tool: word,
        text: word,
      },
      reply: pageOf(summarySchema, 'FindingPage'),
    },
    async (call, { query: { branch: name, cursor, limit, ...filter } }) => {
      const { items, next } = await listFindings(call.deps.db, {
        repositoryId: call.repository.id,
        ref: refOf(call, name),
        filter: withoutNothing(filter),
        ...(cursor === undefined ? {} : { cursor }),
        limit: sizeOfPage(limit),
      });
      return { items: items.map(summaryOf), ...(next === undefined ? {} : { next }) };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/findings/summary',
      verb: 'finding.read',
      tag: 'Findings',
      summary: 'How a branch stands: clean only when a whole scan found nothing',
      query: { branch },
      reply: z
        .strictObject({
          verdict: z.enum(['unknown', 'clean', 'findings', 'incomplete']),
          open: counts,
          suppressed: z.int(),
          scan: scanSchema.optional(),
          pending: scanSchema.optional(),
          refs: z.array(z.string()),
        })
        .openapi('FindingStand'),
    },
    async (call, { query }) => {
      const stand = await standOf(call.deps.db, { repositoryId: call.repository.id, ref: refOf(call, query.branch) });
      const { scan, pending, ...rest } = stand;
      return {
        ...rest,
        ...(scan === undefined ? {} : { scan: scanOf(scan) }),
        ...(pending === undefined ? {} : { pending: scanOf(pending) }),
      };
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/findings/trend',
      verb: 'finding.read',
      tag: 'Findings',
      summary: 'How a branch stood on the days on which it was scanned, oldest first',
      query: { branch },
      reply: z
        .strictObject({
          items: z.array(
            z.strictObject({ day: z.string(), open: counts, suppressed: z.int(), isComplete: z.boolean() }),
          ),
        })
        .openapi('FindingTrend'),
    },
    async (call, { query }) => ({
      items: await trendOf(call.deps.db, {
        repositoryId: call.repository.id,
        ref: refOf(call, query.branch),
        days: TREND_DAYS,
        now: call.deps.now(),
      }),
    }),
  ),
  repository.json(
    {
      method: 'get',
      path: '/findings/{finding}',
      verb: 'finding.read',
      tag: 'Findings',
      summary: 'One finding: where, by which way, why, and how it is fixed',
      params: { finding: idParam },
      reply: detailSchema,
    },
    async (call, { params }) => viewOf(call, await findingById(call.deps.db, call.repository.id, params.finding)),
  ),
  repository.json(
    {
      method: 'post',
      path: '/findings/{finding}/suppression',
      verb: 'finding.write',
      tag: 'Findings',
      summary: 'The change to commit that suppresses a finding. Nothing is changed by asking for it',
      params: { finding: idParam },
      body: z.strictObject({ reason: z.string().max(1000), expires: z.string().max(20) }),
      reply: z
        .strictObject({
          path: z.string(),
          entry: z.string(),
          content: z.string(),
          branch: z.string(),
          message: z.string(),
        })
        .openapi('SuppressionProposal'),
    },
    async (call, { params, body }) => {
      const finding = await findingById(call.deps.db, call.repository.id, params.finding);
      const reader = await call.deps.repo.reader(call.repository.id);
      const head = await reader.resolve(refOf(call));
      const current = head === undefined ? undefined : await textOf(reader, head, '.sallyport/suppressions.yml');
      const wanted = { ...body, owner: call.principal.name };
      return proposeSuppression(finding, wanted, { current, now: call.deps.now() });
    },
  ),
  repository.json(
    {
      method: 'get',
      path: '/scans',
      verb: 'finding.read',
      tag: 'Findings',
      summary: 'Scans, newest first',
      query: { ...pageQuery, branch },
      reply: pageOf(scanSchema, 'ScanPage'),
    },
    async (call, { query }) => {
      const limit = sizeOfPage(query.limit);
      const before = idOfCursor(query.cursor);
      const scans = await listScans(call.deps.db, {
        repositoryId: call.repository.id,
        ...(query.branch === undefined ? {} : { ref: refOf(call, query.branch) }),
        ...(before === undefined ? {} : { before }),
        limit: limit + 1,
      });
      const page = idPage(scans, limit);
      return { ...page, items: page.items.map(scanOf) };
    },
  ),
  repository.json(
    {
      method: 'post',
      path: '/scans',
      verb: 'finding.write',
      tag: 'Findings',
      summary: 'Scans a branch now; one that is not the default one is compared with it',
      status: 202,
      body: z.strictObject({ branch }),
      reply: z.strictObject({ scan: z.int() }).openapi('RequestedScan'),
    },
    async (call, { body }) => {
      const { defaultBranch, id } = call.repository;
      const name = body.branch ?? defaultBranch;
      const reader = await call.deps.repo.reader(id);
      const commit = await reader.resolve(refOf(call, name));
      if (commit === undefined) throw fault('not-found', 'there is no such branch');
      const scan = await requestScan(call.deps, call.principal, {
        repositoryId: id,
        ref: refOf(call, name),
        commit,
        ...(name === defaultBranch ? {} : { base: refOf(call) }),
        cause: 'asked',
      });
      call.deps.wakeScans?.();
      return { scan };
    },
  ),
];

/** What was not asked for is left out. */
function withoutNothing<T extends object>(value: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}

async function viewOf(call: RepositoryCall, finding: FindingView) {
  const { detail, suppressed, ref, firstCommit, lastCommit, fixedCommit, ...rest } = finding;
  const { line, trace, ...more } = detail;
  const lines = await linesOf(
    call,
    lastCommit,
    trace.map((step) => step.place.file),
  );
  const lesson = await call.deps.installation.lesson(detail.page);
  return {
    ...summaryOf(rest),
    ref,
    firstCommit,
    lastCommit,
    ...(fixedCommit === undefined ? {} : { fixedCommit }),
    ...(suppressed === undefined ? {} : { suppressed }),
    ...more,
    ...(line === undefined ? {} : { code: line }),
    trace: trace.map((step) => {
      const code = lines.get(step.place.file)?.[step.place.line - 1];
      return { ...step, ...(code === undefined ? {} : { code: code.slice(0, LINE_MAX) }) };
    }),
    ...(lesson === undefined ? {} : { lesson }),
  };
}

/** Lines of the files as they were scanned. What can't be read any more is shown without its code. */
async function linesOf(
  { deps, repository: { id } }: RepositoryCall,
  commit: string,
  files: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const wanted = [...new Set(files)].slice(0, TRACE_FILES_MAX);
  if (wanted.length === 0) return new Map();
  const reader = await deps.repo.reader(id);
  const found = await Promise.all(
    wanted.map(async (file) => [file, (await textOf(reader, commit, file))?.split(/\r?\n/)] as const),
  );
  return new Map(found.flatMap(([file, lines]) => (lines === undefined ? [] : [[file, lines] as const])));
}

async function textOf(reader: RepositoryReader, commit: string, path: string): Promise<string | undefined> {
  try {
    return (await reader.readFile(commit, path, SOURCE_BYTES_MAX)).bytes.toString('utf8');
  } catch {
    // Not there, or too large to be shown.
    return undefined;
  }
}
