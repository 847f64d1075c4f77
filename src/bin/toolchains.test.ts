import { expect, test } from 'vitest';
import { findToolchains } from './toolchains.ts';

const HOST = new Set(['/root/.cargo/bin', '/root/.rustup', '/srv/tools', '/root/.ssh', '/root/.cargo']);
const isFolder = (path: string) => HOST.has(path);

test('toolchains below the home are shown, and nothing else of it', () => {
  const found = findToolchains({
    env: { HOME: '/root', PATH: '/root/.cargo/bin:/root/bin:/usr/local/go/bin:/usr/bin', JAVA_HOME: '/opt/java' },
    named: [],
    isFolder,
  });

  expect(found.folders).toEqual(['/root/.cargo/bin', '/root/.rustup']);
  expect(found.searchPath.split(':').slice(0, 3)).toEqual(['/root/.cargo/bin', '/usr/local/go/bin', '/usr/bin']);
  expect(found.searchPath).not.toContain('/root/bin');
  expect(found.variables).toEqual({ JAVA_HOME: '/opt/java', RUSTUP_HOME: '/root/.rustup' });
});

test('a folder that the operator names is shown with its entries of the path', () => {
  const found = findToolchains({ env: { PATH: '/srv/tools/bin:./bin' }, named: ['/srv/tools'], isFolder });

  expect(found.folders).toEqual(['/srv/tools']);
  expect(found.searchPath.startsWith('/srv/tools/bin:/usr/local/sbin')).toBe(true);
});

test('the certificates that the machine trusts are named when they lie where jobs see them', () => {
  const env = {
    PIP_CERT: '/etc/ssl/certs/ca-certificates.crt',
    SSL_CERT_FILE: '/root/private.pem',
    CURL_CA_BUNDLE: '',
  };

  expect(findToolchains({ env, named: [], isFolder }).variables).toEqual({
    PIP_CERT: '/etc/ssl/certs/ca-certificates.crt',
  });
});

test('relative entries, tricks with dots and missing folders are left out', () => {
  const found = findToolchains({
    env: { HOME: 'root', PATH: 'bin::/usr/../root/.ssh:/missing/bin', JAVA_HOME: '/root/.ssh' },
    named: ['/missing'],
    isFolder,
  });

  expect(found.folders).toEqual([]);
  expect(found.searchPath).toBe('/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
  expect(found.variables).toEqual({});
});
