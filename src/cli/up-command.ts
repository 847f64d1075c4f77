import type { CliDependencies, ServerEvent } from './door.ts';
import { EXIT } from './errors.ts';
import { harmless } from './harmless.ts';
import { setupLink } from './client-place.ts';
import { type Paint, paintOf } from './terminal.ts';

export type UpOptions = {
  readonly data?: string;
  readonly listen?: string;
  readonly url?: string;
  readonly config?: string;
  readonly databaseUrl?: string;
  readonly tlsCertificate?: string;
  readonly tlsKey?: string;
  readonly trustProxy: readonly string[];
  readonly runner: boolean;
  readonly runnerJobs?: number;
  readonly actionsMirror?: string;
  readonly unsafeDirectPush?: true;
  readonly setup?: true;
  readonly json?: true;
};

/** `sallyport up`: serves until it is told to end. */
export async function up(
  options: UpOptions,
  { terminal, commands, interrupt, version }: CliDependencies,
): Promise<number> {
  const paint = paintOf(terminal.colors);
  const { config, setup, json, runner, ...given } = options;
  const flags: Record<string, unknown> = {
    ...(given.data === undefined ? {} : { data: given.data }),
    ...(given.listen === undefined ? {} : { listen: given.listen }),
    ...(given.url === undefined ? {} : { url: given.url }),
    ...(given.databaseUrl === undefined ? {} : { database_url: given.databaseUrl }),
    ...(given.tlsCertificate === undefined ? {} : { tls_certificate: given.tlsCertificate }),
    ...(given.tlsKey === undefined ? {} : { tls_key: given.tlsKey }),
    ...(given.trustProxy.length === 0 ? {} : { trust_proxy: given.trustProxy }),
    ...(given.runnerJobs === undefined ? {} : { runner_jobs: given.runnerJobs }),
    ...(given.actionsMirror === undefined ? {} : { actions_mirror: given.actionsMirror }),
    ...(given.unsafeDirectPush === undefined ? {} : { unsafe_direct_push: true }),
    ...(runner ? {} : { runner: false }),
  };
  if (json !== true) terminal.write(`${paint('bold', `Sallyport ${version}`)}\n`);
  await commands.up(
    { flags, configFile: config, setup: setup === true },
    (event) => {
      if (json === true) terminal.write(`${JSON.stringify(event)}\n`);
      else terminal.write(render(event, paint));
    },
    interrupt,
  );
  return EXIT.success;
}

function render(event: ServerEvent, paint: Paint): string {
  switch (event.kind) {
    case 'starting':
      return `${paint('dim', `  ${event.what}`)}\n`;
    case 'ready': {
      const lines = [`${paint('green', '✓')} ready at ${paint(['bold', 'underline'], event.url)}`];
      for (const remark of event.remarks) lines.push(`${paint('yellow', '!')} ${harmless(remark, false)}`);
      if (event.setupCode !== undefined) {
        lines.push(
          '',
          'Nobody administers it yet. Within the hour, and once, in a browser:',
          `  ${paint(['cyan', 'underline'], setupLink(event.url, event.setupCode))}`,
          'or in a terminal:',
          `  ${paint('cyan', `sallyport login ${event.url} --setup ${event.setupCode}`)}`,
        );
      }
      lines.push('', paint('dim', 'Ctrl-C stops it: jobs that run go on when it is back.'));
      return `${lines.join('\n')}\n`;
    }
    case 'stopping':
      return `${paint('dim', '  stopping')}\n`;
    case 'stopped':
      return `${paint('green', '✓')} stopped\n`;
  }
}
