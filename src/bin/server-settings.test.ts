import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readSettings, type SettingsSources } from './server-settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'sp-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (sources: Partial<SettingsSources> = {}) =>
  readSettings({ environment: {}, flags: {}, dataDefault: folder, processors: 4, cwd: folder, ...sources });
const file = (text: string) => {
  const path = join(folder, 'other.yml');
  writeFileSync(path, text);
  return path;
};

describe('settings', () => {
  test('are safe when nothing is said', async () => {
    expect(await read()).toMatchObject({
      data: folder,
      listen: '127.0.0.1:8470',
      url: 'http://localhost:8470',
      unsafe_direct_push: false,
      runner_jobs: 4,
    });
  });

  test('of a flag stand above those of the environment, and these above the file', async () => {
    const configFile = file('listen: 127.0.0.1:1\nrunner_jobs: 1\nunsafe_direct_push: true\n');
    const environment = { SALLYPORT_LISTEN: '127.0.0.1:2', SALLYPORT_RUNNER_JOBS: '2' };

    expect(await read({ configFile, environment, flags: { listen: '127.0.0.1:3' } })).toMatchObject({
      listen: '127.0.0.1:3',
      url: 'http://localhost:3',
      runner_jobs: 2,
      unsafe_direct_push: true,
    });
  });

  test.each([
    ['a key that nobody knows', { configFile: 'unsafe_directpush: true' }, 'unsafe_directpush'],
    ['a value of another kind', { configFile: 'runner_jobs: many' }, 'runner_jobs'],
    ['a number that is too large', { environment: { SALLYPORT_RUNNER_JOBS: '1000' } }, 'runner_jobs'],
    ['a word for a switch', { environment: { SALLYPORT_UNSAFE_DIRECT_PUSH: 'maybe' } }, 'unsafe_direct_push'],
    ['no YAML', { configFile: '{' }, 'other.yml'],
    ['a relative path in the file', { configFile: 'tls_key: a.pem' }, 'absolute'],
    ['half a pair', { flags: { tls_key: '/k' } }, 'belong together'],
    ['a mail server and no sender', { environment: { SALLYPORT_SMTP_HOST: 'mail.example.org' } }, 'belong together'],
    ['a host that is an address', { environment: { SALLYPORT_UNSAFE_WEBHOOK_HOSTS: 'http://x' } }, 'name of a host'],
    ['plain HTTP for other machines', { flags: { listen: '0.0.0.0:80' } }, 'reached from other machines'],
    ['an address with a path', { flags: { url: 'https://ci.example.org/ci' } }, 'no path'],
    ['another scheme', { flags: { url: 'ftp://ci.example.org' } }, 'url'],
  ])('with %s stop the start', async (_what, sources, message) => {
    const { configFile, ...rest } = sources as { configFile?: string };

    await expect(
      read({ ...rest, ...(configFile === undefined ? {} : { configFile: file(configFile) }) }),
    ).rejects.toThrow(message);
  });

  test('in a file that is named and not there stop the start', async () => {
    await expect(read({ configFile: 'none.yml' })).rejects.toMatchObject({ code: 'settings/unreadable' });
  });
});
