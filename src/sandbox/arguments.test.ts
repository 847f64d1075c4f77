import { expect, test } from 'vitest';
import { type BwrapSpec, bwrapArguments, refuseUnsafeMount } from './arguments.ts';
import { INSIDE } from './executor.ts';

const SPEC: BwrapSpec = {
  env: { PATH: '/usr/bin', TOKEN: 'two words\n--bind / /' },
  cwd: `${INSIDE.work}/repo`,
  mounts: [{ host: '/state/files/env', inside: `${INSIDE.commands}/env`, writable: true }],
  isolation: 'per-job',
  allowUserNamespaces: false,
  terminal: false,
  hostRoot: ['--ro-bind', '/usr', '/usr', '--symlink', 'usr/bin', '/bin', '--ro-bind', '/state/etc-1', '/etc'],
  etc: '/state/pods/1',
  folders: { workspace: '/s/workspace', home: '/s/home', temp: '/s/temp' },
  runnerTemp: '/s/runner-temp',
  nodePath: '/opt/node',
  fixedMounts: [{ host: '/pkg', inside: `${INSIDE.sallyport}/actions`, writable: false, optional: true }],
  seccompFd: 5,
  statusFd: 4,
};

/** Golden: a change here is a change of the walls, to be read as one. */
test('the arguments of bwrap raise every wall in order', () => {
  expect(bwrapArguments(SPEC).join(' ')).toBe(
    [
      '--unshare-user --unshare-ipc --unshare-uts --unshare-cgroup-try --disable-userns',
      '--uid 1000 --gid 1000 --hostname job --cap-drop ALL --die-with-parent --new-session --clearenv',
      '--setenv PATH /usr/bin --setenv TOKEN two words\n--bind / /',
      '--ro-bind /usr /usr --symlink usr/bin /bin --ro-bind /state/etc-1 /etc',
      '--ro-bind /state/pods/1/resolv.conf /etc/resolv.conf --ro-bind /state/pods/1/hosts /etc/hosts',
      '--proc /proc --dev /dev --perms 1777 --size 536870912 --tmpfs /dev/shm',
      '--ro-bind /opt/node /sallyport/node --ro-bind-try /pkg /sallyport/actions',
      '--bind /s/temp /tmp --bind /s/home /home/runner --bind /s/workspace /home/runner/work',
      '--bind /s/runner-temp /home/runner/work/_temp --size 1048576 --tmpfs /home/runner/work/_actions',
      '--size 1048576 --tmpfs /home/runner/work/_temp/_runner_file_commands',
      '--size 1048576 --tmpfs /home/runner/work/_temp/_github_workflow',
      '--bind /state/files/env /home/runner/work/_temp/_runner_file_commands/env',
      '--remount-ro / --chdir /home/runner/work/repo --seccomp 5 --json-status-fd 4',
    ].join(' '),
  );
});

test('a step of its own gets a PID namespace, a terminal keeps its session, an opt-out keeps user namespaces', () => {
  const args = bwrapArguments({ ...SPEC, isolation: 'per-step', terminal: true, allowUserNamespaces: true });

  expect(args).toContain('--unshare-pid');
  expect(args).not.toContain('--new-session');
  expect(args).not.toContain('--disable-userns');
  expect(args).toContain('--unshare-user');
});

test('a value of the environment stays one argument, whatever it holds', () => {
  const args = bwrapArguments(SPEC);

  expect(args[args.indexOf('TOKEN') + 1]).toBe('two words\n--bind / /');
});

test.each([
  `${INSIDE.work}/repo/file`,
  INSIDE.temp,
  `${INSIDE.temp}/script.sh`,
  INSIDE.commands,
  '/tmp/x',
  '/proc/x',
  '/usr/../tmp/x',
  'relative',
])('a mount on %s is refused, since a job could have led it astray', (inside) => {
  expect(() => refuseUnsafeMount({ host: '/h', inside, writable: false })).toThrow(
    expect.objectContaining({ code: 'sandbox/mount-refused' }),
  );
});

test.each([`${INSIDE.actions}/owner/repo`, `${INSIDE.commands}/env`, `${INSIDE.event}/event.json`, '/sallyport/x'])(
  'a mount on %s is possible',
  (inside) => {
    expect(() => refuseUnsafeMount({ host: '/h', inside, writable: false })).not.toThrow();
  },
);
