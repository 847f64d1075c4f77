import { expect, test } from 'vitest';
import { readMachineSettings } from './machine.ts';
import { presetHosts } from './presets.ts';

function machine(files: { [path: string]: string }, env: { [name: string]: string } = {}) {
  const listFolder = (folder: string) =>
    Promise.resolve(
      Object.keys(files).flatMap((path) => (path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : [])),
    );
  return readMachineSettings({
    env: { HOME: '/home/me', ...env },
    readFile: (path) => Promise.resolve(files[path]),
    listFolder,
  });
}

test('a machine without mirrors uses the public sets', async () => {
  const settings = await machine({
    '/home/me/.npmrc': 'registry=https://registry.npmjs.org/\nfund=false\n',
    '/etc/pip.conf': '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n',
    '/etc/apt/sources.list.d/debian.sources': 'Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm\n',
    '/etc/apt/sources.list.d/node.sources': 'Types: deb\nURIs: https://deb.nodesource.com/node_20.x\n',
  });

  expect(settings).toEqual({});
  expect(presetHosts('npm', settings)).toContain('registry.npmjs.org:443');
});

test('each set follows the mirror of its ecosystem, without the credentials in the address', async () => {
  const settings = await machine(
    {
      '/home/me/.npmrc':
        '; mine\nregistry = "https://user:secret@npm.corp.example:8443/api/"\n@corp:registry=https://scoped.corp.example/\n//npm.corp.example/:_authToken=x\n',
      '/home/me/.config/pip/pip.conf': '[global]\nindex-url = https://pypi.corp.example/simple\n',
      '/home/me/.cargo/config.toml':
        '[source.crates-io]\nreplace-with = "corp"\n[source.corp]\nregistry = "sparse+https://crates.corp.example/index/"\n',
      '/home/me/.m2/settings.xml':
        '<settings><!-- <mirror><url>https://no.example</url></mirror> --><mirrors><mirror><id>a</id><url>https://maven.corp.example/m2</url></mirror></mirrors></settings>',
      '/etc/apt/sources.list':
        'deb [arch=amd64] http://apt.corp.example/debian bookworm main\n# deb http://old.example/debian x y\n',
      '/etc/apt/sources.list.d/u.sources': 'URIs: http://apt.corp.example:8080/ubuntu/\n',
    },
    { GOPROXY: 'https://go.corp.example,direct', PIP_EXTRA_INDEX_URL: 'https://extra.corp.example/simple' },
  );

  expect(settings).toEqual({
    npm: ['npm.corp.example:8443', 'scoped.corp.example:443'],
    pypi: ['pypi.corp.example:443', 'extra.corp.example:443'],
    crates: ['crates.corp.example:443'],
    maven: ['maven.corp.example:443'],
    go: ['go.corp.example:443'],
    debian: ['apt.corp.example:80'],
    ubuntu: ['apt.corp.example:8080'],
  });
  expect(presetHosts('npm', settings)).toEqual(['npm.corp.example:8443', 'scoped.corp.example:443']);
});

test.each([
  'registry=http://10.0.0.5:4873/',
  'registry=file:///srv/npm',
  'registry=not an address',
  'registry=',
  '='.repeat(1000),
])('a setting that cannot be listed leaves the public set: %j', async (text) => {
  expect((await machine({ '/home/me/.npmrc': text })).npm).toBeUndefined();
});

test('sources that replace each other in a circle end', async () => {
  const config = '[source.crates-io]\nreplace-with = "b"\n[source.b]\nreplace-with = "crates-io"\n';

  expect(await machine({ '/home/me/.cargo/config.toml': config })).toEqual({});
});
