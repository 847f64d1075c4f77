import { concurrencyOf, convertJobs, defaultsOf, permissionsOf } from './convert-jobs.ts';
import { convertOn } from './convert-on.ts';
import { maybeText, member, present, textOf } from './convert-values.ts';
import type { Workflow } from './model.ts';
import type { Problems } from './reader-problems.ts';
import { type Token, treeOf } from './reader-tokens.ts';

/** Makes a workflow of what the schema let pass. The result counts only when no problem was added. */
export function convertWorkflow(path: string, root: Token, problems: Problems): Workflow {
  const env = member(root, 'env');
  const permissions = member(root, 'permissions');
  return present({
    path,
    name: textOf(member(root, 'name')),
    description: textOf(member(root, 'description')),
    runName: maybeText(member(root, 'run-name')),
    on: convertOn(member(root, 'on'), problems),
    permissions: permissions === undefined ? undefined : permissionsOf(permissions),
    env: env === undefined ? undefined : treeOf(env),
    defaults: defaultsOf(member(root, 'defaults'), problems),
    concurrency: concurrencyOf(member(root, 'concurrency'), problems),
    jobs: convertJobs(member(root, 'jobs'), problems),
  });
}
