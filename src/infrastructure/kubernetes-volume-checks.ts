import type { Pod } from './kubernetes.ts';
import type { PodCheck } from './kubernetes-pod-checks.ts';
import { none, type Report } from './report.ts';
import { type Entry, entryOf, itemsOf, textOf, valueAt } from './tree.ts';

const VOLUME_TYPES: ReadonlySet<string> = new Set([
  'name',
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
  'hostPath',
  'image',
]);

export const volumeType: PodCheck = function* (pod) {
  for (const volume of itemsOf(valueAt(pod.spec, 'volumes'))) {
    const entry =
      volume.kind === 'map'
        ? volume.entries.find(({ key }) => /^[a-zA-Z]+$/.test(key) && !VOLUME_TYPES.has(key))
        : undefined;
    if (entry === undefined) continue;
    yield {
      span: { start: entry.start, end: entry.keyEnd },
      message: `${pod.object.kind}/${pod.object.name} mounts a volume of the type ${entry.key}, with rights that the pod's author chose.`,
      scope: `${pod.object.kind}/${pod.object.name}`,
      fix: none('The storage behind it has to be declared by who runs the cluster.', 'Use a PersistentVolumeClaim.'),
    };
  }
};

/** Folders that as a whole give the machine away. */
const SENSITIVE_WHOLE =
  /^\/(?:etc|root|boot|dev|proc|sys|home|usr|bin|sbin|lib|lib64|var|var\/lib|var\/run|run|mnt|host|opt)?\/?$/;
/** Folders of which every part does. */
const SENSITIVE_PART =
  /^\/(?:root|boot|proc|sys|bin|sbin|usr\/(?:local\/)?s?bin|usr\/lib|etc\/(?:passwd|shadow|group|sudoers|ssh|kubernetes|cron|systemd|pam\.d|docker|cni|containerd|crio|pki|profile|ld\.so)|var\/lib\/(?:kubelet|docker(?!\/containers)|containerd|etcd|cni)|home\/[^/]+\/\.ssh|(?:var\/)?run\/(?:containerd|crio|docker|secrets))/;
export const SOCKET_PATH = /(?:docker|containerd|crio|podman|cri-dockerd)\.sock$/;

function* hostPaths(pod: Pod): Iterable<{ readonly entry: Entry; readonly path: string }> {
  for (const volume of itemsOf(valueAt(pod.spec, 'volumes'))) {
    const entry = entryOf(valueAt(volume, 'hostPath'), 'path');
    const path = textOf(entry?.value);
    if (entry !== undefined && path !== undefined) yield { entry, path };
  }
}

export function isSensitivePath(path: string): boolean {
  if (path === '/usr/lib/os-release') return false;
  return SENSITIVE_WHOLE.test(path) || SENSITIVE_PART.test(path) || SOCKET_PATH.test(path);
}

export const hostPathSensitive: PodCheck = function* (pod) {
  for (const { entry, path } of hostPaths(pod))
    if (isSensitivePath(path))
      yield hostPathReport(pod, entry, `${path} of the node, from where it can take the node over`);
};

export const hostPath: PodCheck = function* (pod) {
  for (const { entry, path } of hostPaths(pod))
    if (!isSensitivePath(path)) yield hostPathReport(pod, entry, `${path} of the node`);
};

function hostPathReport(pod: Pod, entry: Entry, what: string): Report {
  return {
    span: entry,
    message: `${pod.object.kind}/${pod.object.name} reaches ${what}.`,
    scope: `${pod.object.kind}/${pod.object.name}`,
    fix: none(
      'Where the data should lie instead is not known here.',
      'Use a PersistentVolumeClaim, a ConfigMap or an emptyDir.',
    ),
  };
}
