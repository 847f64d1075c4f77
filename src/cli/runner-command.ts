import { resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import type { CliDependencies, RunnerEvent } from './door.ts';
import { EXIT } from './errors.ts';
import { harmless } from './harmless.ts';
import { paintOf, type Paint } from './terminal.ts';

export type RunnerJoinOptions = {
  readonly folder?: string;
  readonly url?: string;
  readonly token?: string;
  readonly name?: string;
  readonly label: readonly string[];
  readonly ephemeral?: true;
  readonly ca?: string;
  readonly jobs?: number;
  readonly actionsMirror?: string;
  readonly replace?: true;
  readonly json?: true;
};

/** `sallyport runner join`: works until it is ended. */
export async function runnerJoin(options: RunnerJoinOptions, dependencies: CliDependencies): Promise<number> {
  const { cwd, terminal, commands, interrupt, input } = dependencies;
  const path = (given: string | undefined) => (given === undefined ? undefined : resolve(cwd, given));
  const paint = paintOf(terminal.colors);
  const token = options.token === '-' ? (await readAll(input())).trim() : options.token;
  await commands.runner.join(
    {
      folder: path(options.folder),
      url: options.url,
      token,
      name: options.name,
      labels: options.label,
      ephemeral: options.ephemeral === true,
      caFile: path(options.ca),
      jobs: options.jobs,
      actionsMirror: path(options.actionsMirror),
      replace: options.replace === true,
      json: options.json === true,
    },
    (event) => {
      if (options.json === true) terminal.write(`${JSON.stringify(event)}\n`);
      else terminal.write(`${render(event, paint)}\n`);
    },
    interrupt,
  );
  return EXIT.success;
}

function render(event: RunnerEvent, paint: Paint): string {
  switch (event.kind) {
    case 'joined':
      return `${paint('green', '✓')} ${harmless(event.name, false)} is runner ${event.runnerId} of ${harmless(event.url, false)}, and asks for jobs`;
    case 'draining':
      return event.force ? 'ending its jobs by force' : 'takes no more jobs; Ctrl-C again ends those that run';
    case 'ended':
      return event.reason === 'removed'
        ? `${paint('yellow', '!')} it was removed at the server`
        : `${paint('green', '✓')} ended`;
  }
}
