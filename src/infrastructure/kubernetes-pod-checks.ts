import type { Fix } from '../finding/index.ts';
import { headOf } from './condition.ts';
import { setEdit, type Value } from './edit.ts';
import { isLatest, parseImage } from './image.ts';
import type { Container, Pod } from './kubernetes.ts';
import { none, type Report } from './report.ts';
import { hasKnownSecret, isSecretName, isSecretValue } from './secret-value.ts';
import {
  type Entry,
  entryOf,
  isNull,
  isScalar,
  itemsOf,
  scalarsOf,
  type Span,
  textOf,
  type Tree,
  valueAt,
} from './tree.ts';

export type PodCheck = (pod: Pod) => Iterable<Report>;

/** One setting of a security context, as it holds for a container: its own, else that of the pod. */
type Setting =
  | { readonly state: 'absent' | 'unknown' }
  | { readonly state: 'set'; readonly value: Tree; readonly at: Span };

function settingIn(tree: Tree, path: readonly string[]): Setting {
  let at: Tree | undefined = tree;
  let entry: Entry | undefined;
  for (const key of path) {
    if (at === undefined || at.kind === 'unknown') return { state: 'unknown' };
    entry = entryOf(at, key);
    if (entry === undefined || isNull(entry.value))
      return { state: at.kind === 'map' && at.isOpen === true ? 'unknown' : 'absent' };
    at = entry.value;
  }
  if (entry === undefined || at === undefined || at.kind === 'unknown') return { state: 'unknown' };
  return { state: 'set', value: at, at: entry };
}

function effective(pod: Pod, container: Container, path: readonly string[]): Setting {
  const own = settingIn(container.tree, ['securityContext', ...path]);
  return own.state === 'absent' ? settingIn(pod.spec, ['securityContext', ...path]) : own;
}

export function containerName(pod: Pod, container: Container): string {
  return `${pod.object.kind}/${pod.object.name}/${container.name}`;
}

/** The place of what a container lacks: its security context where there is one, else its first line. */
function lackPlace(container: Container): Span {
  const context = entryOf(container.tree, 'securityContext');
  return context === undefined ? headOf(container.tree) : { start: context.start, end: context.keyEnd };
}

function set(
  pod: Pod,
  root: Tree,
  path: readonly string[],
  wanted: { readonly value: Value; readonly title: string },
): Fix {
  const change = setEdit({ file: pod.object.file, root }, path, wanted.value);
  if (change === undefined)
    return none('The manifest is written so that it cannot be changed safely here.', wanted.title);
  return { kind: 'edit', title: wanted.title, edits: [change] };
}

export const privilegeEscalation: PodCheck = function* (pod) {
  if (pod.isWindows) return;
  for (const container of pod.containers) {
    const own = settingIn(container.tree, ['securityContext', 'allowPrivilegeEscalation']);
    const isBad = own.state === 'set' ? isScalar(own.value, true) : own.state === 'absent' && !pod.isPartial;
    if (!isBad) continue;
    const name = containerName(pod, container);
    yield {
      span: own.state === 'set' ? own.at : lackPlace(container),
      message: `${name} may gain more rights than it starts with, by programs with the setuid bit.`,
      scope: name,
      fix: set(pod, container.tree, ['securityContext', 'allowPrivilegeEscalation'], {
        value: false,
        title: 'Forbid to gain rights',
      }),
    };
  }
};

export const runAsNonRoot: PodCheck = function* (pod) {
  for (const container of pod.containers) {
    const setting = effective(pod, container, ['runAsNonRoot']);
    const user = effective(pod, container, ['runAsUser']);
    const isForbidden = setting.state === 'set' && isScalar(setting.value, false);
    // A user id that is not root's says the same for a container, though the standard wants both.
    const isNamed = user.state === 'unknown' || (user.state === 'set' && !isScalar(user.value, 0));
    if (!isForbidden && (setting.state !== 'absent' || pod.isPartial || isNamed)) continue;
    const name = containerName(pod, container);
    yield {
      span: setting.state === 'set' ? setting.at : lackPlace(container),
      message: `${name} may run as root: nothing demands another user.`,
      scope: name,
      fix: set(pod, container.tree, ['securityContext', 'runAsNonRoot'], {
        value: true,
        title: 'Demand another user than root',
      }),
    };
  }
};

export const runAsRoot: PodCheck = function* (pod) {
  const reported = new Set<number>();
  for (const container of pod.containers) {
    const user = effective(pod, container, ['runAsUser']);
    if (user.state !== 'set' || !isScalar(user.value, 0) || reported.has(user.at.start)) continue;
    reported.add(user.at.start);
    const name = containerName(pod, container);
    yield {
      span: user.at,
      message: `${name} runs as the user 0, which is root.`,
      scope: name,
      fix: none(
        'The user that the image is made for is not known here.',
        'Give the number of a user without rights, such as 65532.',
      ),
    };
  }
};

const BASELINE: ReadonlySet<string> = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

function* addedCapabilities(
  pod: Pod,
): Iterable<{ readonly container: Container; readonly item: Tree; readonly capability: string }> {
  for (const container of pod.containers) {
    for (const item of itemsOf(valueAt(container.tree, 'securityContext', 'capabilities', 'add'))) {
      const text = textOf(item);
      if (text !== undefined) yield { container, item, capability: text.toUpperCase().replace(/^CAP_/, '') };
    }
  }
}

export const capabilityDangerous: PodCheck = function* (pod) {
  for (const { container, item, capability } of addedCapabilities(pod)) {
    if (BASELINE.has(capability)) continue;
    const name = containerName(pod, container);
    yield {
      span: item,
      message: `${name} gets the capability ${capability}, beyond what the baseline standard allows.`,
      scope: name,
      identity: capability,
      fix: none(
        'What the process needs it for is not known.',
        'Do without it; keep only NET_BIND_SERVICE where a low port is needed.',
      ),
    };
  }
};

export const capabilityAdded: PodCheck = function* (pod) {
  for (const { container, item, capability } of addedCapabilities(pod)) {
    if (!BASELINE.has(capability) || capability === 'NET_BIND_SERVICE') continue;
    const name = containerName(pod, container);
    yield {
      span: item,
      message: `${name} adds the capability ${capability}; the restricted standard allows NET_BIND_SERVICE alone.`,
      scope: name,
      identity: capability,
      fix: none('What the process needs it for is not known.', 'Run as another user and own the files instead.'),
    };
  }
};

export const capabilitiesNotDropped: PodCheck = function* (pod) {
  if (pod.isWindows) return;
  for (const container of pod.containers) {
    const drop = settingIn(container.tree, ['securityContext', 'capabilities', 'drop']);
    if (drop.state === 'unknown' || (drop.state === 'absent' && pod.isPartial)) continue;
    if (
      drop.state === 'set' &&
      itemsOf(drop.value).some((item) => item.kind === 'unknown' || /^all$/i.test(textOf(item) ?? ''))
    )
      continue;
    const name = containerName(pod, container);
    yield {
      span: drop.state === 'set' ? drop.at : lackPlace(container),
      message: `${name} keeps the capabilities that the runtime gives by default.`,
      scope: name,
      fix:
        drop.state === 'set'
          ? none('Some are dropped one by one.', 'Drop ALL instead.')
          : set(pod, container.tree, ['securityContext', 'capabilities', 'drop'], {
              value: ['ALL'],
              title: 'Drop all capabilities',
            }),
    };
  }
};

export const seccompMissing: PodCheck = function* (pod) {
  if (pod.isWindows || pod.isPartial) return;
  if (hasAnnotation(pod, /^(?:seccomp\.security\.alpha\.kubernetes\.io\/pod|container\.seccomp)/)) return;
  for (const container of pod.containers) {
    if (effective(pod, container, ['seccompProfile', 'type']).state !== 'absent') continue;
    const name = containerName(pod, container);
    yield {
      span: lackPlace(container),
      message: `${name} runs without a filter of system calls unless the node gives one.`,
      scope: name,
      fix: set(pod, container.tree, ['securityContext', 'seccompProfile', 'type'], {
        value: 'RuntimeDefault',
        title: 'Take the filter of the runtime',
      }),
    };
  }
};

export const seccompUnconfined: PodCheck = function* (pod) {
  for (const tree of [pod.spec, ...pod.containers.map(({ tree }) => tree)]) {
    const setting = settingIn(tree, ['securityContext', 'seccompProfile', 'type']);
    if (setting.state !== 'set' || !isScalar(setting.value, 'Unconfined')) continue;
    yield {
      span: setting.at,
      message: `${pod.object.kind}/${pod.object.name} turns the filter of system calls off.`,
      scope: `${pod.object.kind}/${pod.object.name}`,
      fix: set(pod, tree, ['securityContext', 'seccompProfile', 'type'], {
        value: 'RuntimeDefault',
        title: 'Take the filter of the runtime',
      }),
    };
  }
  yield* badAnnotations(pod, /seccomp/, /^unconfined$/);
};

function hasAnnotation(pod: Pod, key: RegExp): boolean {
  const annotations = valueAt(pod.metadata, 'annotations');
  return annotations?.kind === 'map' && annotations.entries.some((entry) => key.test(entry.key));
}

function* badAnnotations(pod: Pod, key: RegExp, value: RegExp): Iterable<Report> {
  const annotations = valueAt(pod.metadata, 'annotations');
  for (const entry of annotations?.kind === 'map' ? annotations.entries : []) {
    const text = textOf(entry.value);
    if (!key.test(entry.key) || text === undefined || !value.test(text)) continue;
    yield {
      span: entry,
      message: `The annotation ${entry.key} takes protection away from ${pod.object.kind}/${pod.object.name}.`,
      scope: `${pod.object.kind}/${pod.object.name}`,
      fix: none('Which profile fits is not known here.', 'Use runtime/default.'),
    };
  }
}

export const apparmor: PodCheck = function* (pod) {
  for (const tree of [pod.spec, ...pod.containers.map(({ tree }) => tree)]) {
    const setting = settingIn(tree, ['securityContext', 'appArmorProfile', 'type']);
    if (setting.state !== 'set' || !isScalar(setting.value, 'Unconfined')) continue;
    yield {
      span: setting.at,
      message: `${pod.object.kind}/${pod.object.name} turns AppArmor off.`,
      scope: `${pod.object.kind}/${pod.object.name}`,
      fix: set(pod, tree, ['securityContext', 'appArmorProfile', 'type'], {
        value: 'RuntimeDefault',
        title: 'Take the profile of the runtime',
      }),
    };
  }
  yield* badAnnotations(pod, /^container\.apparmor\.security\.beta\.kubernetes\.io\//, /^unconfined$/);
};

const SELINUX_TYPES: ReadonlySet<string> = new Set([
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
]);

export const selinux: PodCheck = function* (pod) {
  for (const tree of [pod.spec, ...pod.containers.map(({ tree }) => tree)]) {
    const options = valueAt(tree, 'securityContext', 'seLinuxOptions');
    for (const entry of options?.kind === 'map' ? options.entries : []) {
      const text = textOf(entry.value);
      const isBad =
        entry.key === 'type'
          ? text !== undefined && !SELINUX_TYPES.has(text)
          : (entry.key === 'user' || entry.key === 'role') && text !== undefined && text !== '';
      if (!isBad) continue;
      yield {
        span: entry,
        message: `${pod.object.kind}/${pod.object.name} gives itself the SELinux ${entry.key} ${text ?? ''}.`,
        scope: `${pod.object.kind}/${pod.object.name}`,
        fix: none('What the process reaches with it is not known here.', 'Leave the label to the runtime.'),
      };
    }
  }
};

/** Those that are kept apart for each pod, as the standard names them. */
const SYSCTLS: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
]);

export const sysctls: PodCheck = function* (pod) {
  for (const item of itemsOf(valueAt(pod.spec, 'securityContext', 'sysctls'))) {
    const name = entryOf(item, 'name');
    const text = textOf(name?.value);
    if (name === undefined || text === undefined || SYSCTLS.has(text)) continue;
    yield {
      span: name,
      message: `${pod.object.kind}/${pod.object.name} sets ${text}, which other pods of the node feel too.`,
      scope: `${pod.object.kind}/${pod.object.name}`,
      identity: text,
      fix: none('What the process needs it for is not known.', 'Set it on nodes of its own, or do without.'),
    };
  }
};

/** The images of a pod that are written out, with what mends a loose one. */
function* imagesOf(pod: Parameters<PodCheck>[0]): Generator<{
  readonly entry: Entry;
  readonly text: string;
  readonly name: string;
  readonly fix: Fix;
}> {
  for (const container of pod.containers) {
    const entry = entryOf(container.tree, 'image');
    const text = textOf(entry?.value);
    if (entry === undefined || text === undefined || text === '' || /[${]/.test(text)) continue;
    const { start, end } = entry.value;
    const fix: Fix = {
      kind: 'request',
      title: 'Pin the image to its digest',
      request: { type: 'pin-image', file: pod.object.file.path, start, end, image: text },
    };
    yield { entry, text, name: containerName(pod, container), fix };
  }
}

export const imageLatest: PodCheck = function* (pod) {
  for (const { entry, text, name, fix } of imagesOf(pod)) {
    if (!isLatest(parseImage(text))) continue;
    yield { span: entry, message: `${name} runs whatever ${text} is when a node pulls it.`, scope: name, fix };
  }
};

export const imageNotPinned: PodCheck = function* (pod) {
  for (const { entry, text, name, fix } of imagesOf(pod)) {
    const image = parseImage(text);
    if (image.digest !== undefined || isLatest(image)) continue;
    const message = `${name} names its image by a tag, which its owner can move to other content.`;
    yield { span: entry, message, scope: name, fix };
  }
};

export const envSecret: PodCheck = function* (pod) {
  for (const container of pod.containers) {
    for (const item of itemsOf(valueAt(container.tree, 'env'))) {
      const name = textOf(valueAt(item, 'name'));
      const entry = entryOf(item, 'value');
      const value = textOf(entry?.value);
      if (entry === undefined || name === undefined || value === undefined) continue;
      if (!(isSecretName(name) && isSecretValue(name, value)) && !hasKnownSecret(value)) continue;
      yield {
        span: entry,
        message: `${containerName(pod, container)} has the secret ${name} written in its manifest.`,
        scope: containerName(pod, container),
        evidence: `${name}: [secret]`,
        identity: name,
        fix: none(
          'The value must be made invalid and kept elsewhere.',
          'Rotate it, put it into a Secret made outside the repository, and refer to it with secretKeyRef.',
        ),
      };
    }
  }
};

/** Commands that hold a key in a form that tells it. */
export const commandSecret: PodCheck = function* (pod) {
  for (const container of pod.containers) {
    for (const key of ['command', 'args']) {
      const tree = valueAt(container.tree, key);
      for (const scalar of tree === undefined ? [] : scalarsOf(tree)) {
        if (!hasKnownSecret(String(scalar.value))) continue;
        yield {
          span: scalar,
          message: `${containerName(pod, container)} has a key written in its command.`,
          scope: containerName(pod, container),
          evidence: `${key}: [secret]`,
          fix: none('The value must be made invalid and kept elsewhere.', 'Rotate it and hand it over from a Secret.'),
        };
      }
    }
  }
};
