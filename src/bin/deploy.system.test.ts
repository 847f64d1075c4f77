import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const DEPLOY = join(import.meta.dirname, '../../deploy');
const MAIN = join(import.meta.dirname, 'main.ts');

test('our own scanner finds nothing in what is deployed, and something in the same image under a tag', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sp-deploy-'));
  const text = await readFile(join(DEPLOY, 'Containerfile'), 'utf8');
  await writeFile(join(folder, 'Containerfile'), text.replace('FROM ${NODE_IMAGE}', 'FROM node:latest'));
  const scan = (where: string) =>
    run(process.execPath, [MAIN, 'scan', where], { env: { ...process.env, HOME: folder } });

  const own = await scan(DEPLOY);
  const tagged = await scan(folder).catch((thrown: { readonly stdout: string }) => thrown);
  await rm(folder, { recursive: true, force: true });

  expect(own.stdout).toContain('nothing found');
  expect(tagged.stdout).not.toContain('nothing found');
});

test('systemd takes the unit, where there is one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sp-unit-'));
  const unit = join(folder, 'sallyport.service');
  const text = await readFile(join(DEPLOY, 'sallyport.service'), 'utf8');
  await writeFile(unit, text.replace('/usr/bin/sallyport', '/usr/bin/true'));

  const told = await run('systemd-analyze', ['verify', unit]).catch(
    (thrown: { readonly code?: unknown; stderr?: string }) =>
      thrown.code === 'ENOENT' ? { stderr: '' } : { stderr: `refused: ${thrown.stderr}` },
  );
  await rm(folder, { recursive: true, force: true });

  expect(text).toContain('\nDelegate=yes\n');
  expect(told.stderr).toBe('');
});

/** No container engine is asked for by the tests: what can be known without one is. */
test('the container file names what the package, the settings and the server have', async () => {
  const root = join(DEPLOY, '..');
  const text = (await readFile(join(DEPLOY, 'Containerfile'), 'utf8')).replaceAll(/ *\\\n */g, ' ');
  const lines = text.split('\n').filter((line) => /^[A-Z]+ /.test(line));
  const of = (word: string) =>
    lines.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  const { bin, files } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    bin: { [name: string]: string };
    files: string[];
  };
  const [entry = ''] = JSON.parse(of('ENTRYPOINT')[0] ?? '[]') as string[];
  const [, release] = /^\$\{RELEASE\} (\S+)$/.exec(of('COPY').join('')) ?? [];
  const install = of('RUN').find((line) => line.includes('npm install')) ?? '';
  const settings = await readFile(join(import.meta.dirname, 'server-settings.ts'), 'utf8');
  const [, health] = /127\.0\.0\.1:8470(\/\w+)/.exec(of('HEALTHCHECK').join('')) ?? [];
  const system = await readFile(join(root, 'src/api/system.ts'), 'utf8');

  // The program that starts is one that the package installs, from a folder that it packs.
  expect(files).toContain(dirname(bin[entry] ?? ''));
  expect(await readFile(join(root, bin[entry] ?? ''), 'utf8')).toContain('main');
  // What is copied is what is installed, with no script of its own, and does not stay.
  expect(install).toContain(`npm install --global --ignore-scripts ${release}`);
  expect(install).toContain(`rm ${release}`);
  // The data lie in the volume that its user may write, and no line after the change of user needs root.
  const [data = ''] = of('VOLUME');
  expect(install).toContain(`install -d -o node -g node -m 0711 ${data}`);
  expect(of('ENV')).toEqual([`SALLYPORT_DATA=${data}`]);
  expect(settings).toContain('SALLYPORT_DATA:');
  expect(lines.findIndex((line) => line === 'USER node')).toBeGreaterThan(
    lines.findLastIndex((line) => /^(RUN|COPY) /.test(line)),
  );
  expect(settings).toContain(`'127.0.0.1:${of('EXPOSE')[0]}'`);
  expect(system).toContain(`app.get('${health}'`);
  // Other programs that the server starts come with the image, or from here.
  expect(of('RUN')[0]).toMatch(/\bgit\b.*\bca-certificates\b/);
});
