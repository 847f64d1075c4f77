import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { INSIDE } from '../../../src/sandbox/index.ts';
import type { Attack } from '../attack.ts';
import {
  BREACH,
  bash,
  cut,
  DONE,
  hasLine,
  inProduct,
  makeArena,
  makeFolder,
  onHost,
  plainBwrap,
  type Ran,
  runStep,
} from '../arena.ts';
import { isRefused, isSuccess, podRunner, scripted } from '../sandbox-arms.ts';

export const attacks: Attack[] = [
  scripted(
    'etc-secrets',
    'find the passwords, keys and settings of the host',
    `for f in /etc/shadow /etc/sudoers /etc/ssh /etc/ssl/private /etc/gitconfig /etc/machine-id /root /var/lib /run/lock /boot /srv; do [ -e $f ] && echo ${BREACH}; done`,
    { control: bash },
  ),
  {
    id: 'sandbox-host-file',
    title: 'read a file of the user who runs the runner',
    controls: ['K3'],
    ...hostFileArms(),
  },
  {
    id: 'sandbox-inherited-descriptor',
    title: 'use a descriptor that was left open when the runner started',
    controls: ['K3'],
    product: () => descriptorArm((folder, script) => [process.execPath, podRunner(), folder, script]).then(isRefused),
    control: () => descriptorArm((_, script) => plainBwrap(script)).then(isSuccess),
  },
  {
    id: 'sandbox-tool-cache',
    title: 'poison the tool cache for later jobs',
    controls: ['K6', 'K21'],
    product: async () => {
      using place = makeFolder();
      writeFileSync(path.join(place.folder, 'tool'), 'clean');
      await using arena = makeArena({ toolCache: place.folder });
      const ran = await runStep(
        await arena.open(),
        `[ "$(cat ${INSIDE.toolCache}/tool)" = clean ] || exit 1; echo evil > ${INSIDE.toolCache}/tool; touch ${INSIDE.toolCache}/new; echo ${DONE}`,
      );
      const intact =
        readFileSync(path.join(place.folder, 'tool'), 'utf8') === 'clean' &&
        !existsSync(path.join(place.folder, 'new'));
      return { refused: hasLine(ran, DONE) && intact, detail: cut(ran) };
    },
    control: async () => {
      using place = makeFolder();
      writeFileSync(path.join(place.folder, 'tool'), 'clean');
      const ran = await onHost(['bwrap', '--dev-bind', '/', '/', 'bash', '-c', `echo evil > ${place.folder}/tool`]);
      return { succeeded: readFileSync(path.join(place.folder, 'tool'), 'utf8') === 'evil\n', detail: cut(ran) };
    },
  },
  {
    id: 'sandbox-env-file-link',
    title: 'make the runner read a host file by a link in place of an env file',
    controls: ['K28', 'K29'],
    product: async () => {
      await using arena = makeArena();
      const pod = await arena.open();
      const file = await pod.privateFile('env', '');
      const inside = `${INSIDE.commands}/env`;
      const script = `rm -f ${inside}; ln -sf /etc/passwd ${inside}; mkfifo ${inside}2; mv ${inside}2 ${inside}; mv ${INSIDE.commands} ${INSIDE.temp}/x; ln -s /etc ${INSIDE.commands}; echo ${DONE}`;
      const ran = await runStep(pod, script, { mounts: [{ host: file.path, inside, writable: true }] });
      const text = (await file.read(100_000)).toString();
      return {
        refused: hasLine(ran, DONE) && !text.includes('root'),
        detail: `read ${JSON.stringify(text.slice(0, 80))}`,
      };
    },
    control: async () => {
      using place = makeFolder();
      symlinkSync('/etc/passwd', path.join(place.folder, 'env'));
      const text = readFileSync(path.join(place.folder, 'env'), 'utf8');
      return { succeeded: text.includes('root'), detail: `read ${text.length} characters` };
    },
  },
  {
    id: 'sandbox-mount-point',
    title: 'lead the mounts of a later step astray by a planted link',
    controls: ['K4'],
    product: async () => {
      await using arena = makeArena();
      const pod = await arena.open();
      const folders = [INSIDE.temp, INSIDE.actions, INSIDE.commands, INSIDE.event, INSIDE.work];
      const script = folders.map(
        (folder) => `mv ${folder} ${folder}-away 2>/dev/null && ln -s /tmp ${folder} && echo ${BREACH}`,
      );
      return isRefused(await runStep(pod, `${script.join('\n')}\necho ${DONE}`));
    },
    control: async () => {
      using place = makeFolder();
      const script = `mkdir -p _temp && mv _temp _temp-away && ln -s /tmp _temp && echo ${BREACH}`;
      return isSuccess(await onHost(plainBwrap(script), { cwd: place.folder }));
    },
  },
  {
    id: 'sandbox-git-config',
    title: 'plant a command in .git/config that runs on the host when git looks at the workspace',
    controls: ['K29'],
    product: async () => {
      using place = makeFolder();
      const flag = path.join(place.folder, 'pwned');
      await using arena = makeArena();
      const pod = await arena.open();
      await runStep(pod, plantedRepository(flag));
      // The runner has no git of its own: what looks at a workspace is a step.
      const ran = await runStep(pod, `cd repo && git status >/dev/null; echo ${DONE}`);
      return { refused: hasLine(ran, DONE) && !existsSync(flag), detail: cut(ran) };
    },
    control: async () => {
      using place = makeFolder();
      const flag = path.join(place.folder, 'pwned');
      const ran = await onHost(bash(`${plantedRepository(flag)}; cd repo && git status`), { cwd: place.folder });
      return { succeeded: existsSync(flag), detail: cut(ran) };
    },
  },
];

function plantedRepository(flag: string): string {
  return `git init -q repo && git -C repo config core.fsmonitor "touch ${flag}; false"`;
}

function hostFileArms(): Pick<Attack, 'product' | 'control'> {
  const arm = async (act: (script: string) => Promise<Ran>) => {
    using place = makeFolder();
    const file = path.join(place.folder, 'id_ed25519');
    writeFileSync(file, `${BREACH}\n`);
    return await act(
      `cat ${file} 2>/dev/null; cat /proc/[0-9]*/root${file} /proc/[0-9]*/cwd/${file} 2>/dev/null; echo ${DONE}`,
    );
  };
  return {
    product: async () => isRefused(await arm((script) => inProduct(script))),
    control: async () => isSuccess(await arm((script) => onHost(plainBwrap(script)))),
  };
}

/** Starts a program with descriptor 9 open on a secret file. */
async function descriptorArm(command: (folder: string, script: string) => readonly string[]): Promise<Ran> {
  using place = makeFolder();
  const secret = path.join(place.folder, 'secret');
  writeFileSync(secret, `${BREACH}\n`);
  const script = `for f in /proc/self/fd/*; do case $f in */[012]) ;; *) timeout 1 head -c 100 <$f 2>/dev/null;; esac; done; timeout 1 cat <&9 2>/dev/null; echo ${DONE}`;
  return await onHost(['bash', '-c', `exec 9<"$0"; "$@"`, secret, ...command(place.folder, script)]);
}
