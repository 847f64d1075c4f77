import type { FileView } from '../finding/index.ts';
import {
  type Entry,
  entryOf,
  itemsOf,
  type MapTree,
  type Span,
  textOf,
  type Tree,
  UNKNOWN_PART,
  valueAt,
} from './tree.ts';
import { readYaml } from './yaml-tree.ts';

/** One object of a manifest. */
export type KubernetesObject = {
  readonly file: FileView;
  readonly tree: MapTree;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  /** A patch or an overlay: what is absent in it stands elsewhere. */
  readonly isPartial: boolean;
  readonly pod: Pod | undefined;
};

export type Pod = {
  readonly object: Pick<KubernetesObject, 'file' | 'kind' | 'name'>;
  readonly spec: MapTree;
  /** The metadata of the pods, for the old annotations of AppArmor and seccomp. */
  readonly metadata: Tree | undefined;
  readonly head: Span;
  readonly containers: readonly Container[];
  readonly isWindows: boolean;
  readonly isPartial: boolean;
};

export type Container = {
  readonly tree: MapTree;
  readonly name: string;
  readonly kind: 'container' | 'init' | 'ephemeral';
};

/** Where each kind keeps the description of its pods. */
const POD_PATHS: { readonly [kind: string]: readonly string[] } = {
  Pod: [],
  PodTemplate: ['template'],
  Deployment: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  ReplicationController: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
};

const OTHER_KINDS = [
  'Role',
  'ClusterRole',
  'RoleBinding',
  'ClusterRoleBinding',
  'Service',
  'Ingress',
  'ServiceAccount',
  'NetworkPolicy',
  'ConfigMap',
  'List',
  'Secret',
  'Namespace',
  'APIService',
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
];

const KINDS: ReadonlySet<string> = new Set([...Object.keys(POD_PATHS), ...OTHER_KINDS]);

/** The groups of Kubernetes itself: an object of another group may share a name of a kind. */
const GROUPS =
  /^(?:v1|(?:apps|batch|extensions|networking\.k8s\.io|rbac\.authorization\.k8s\.io|admissionregistration\.k8s\.io|apiregistration\.k8s\.io)\/\w+)$/;

const KIND_OF_JSON = /[{,]\s{0,100}"kind"\s{0,10}:/;

/** The kind of the whole document stands in the first column. */
const KIND_LINE = /^["']?kind["']?[ \t]*:[ \t]*["']?(\w+)/gm;

export type KubernetesReading = { readonly objects: readonly KubernetesObject[]; readonly problem?: string };

/** A template of Helm or another one with braces. Its actions are blanked out, and what is absent in it is not known. */
export function isTemplate(text: string): boolean {
  return text.includes('{{');
}

export function readKubernetes(file: FileView): KubernetesReading {
  const isOpen = isTemplate(file.text);
  const text = isOpen ? neutral(file.text) : file.text;
  const { documents, problem } = readYaml(text, hasKnownKind, { isOpen });
  const objects = documents.flatMap(({ root }) => objectsIn(root, file));
  return problem === undefined || isOpen ? { objects } : { objects, problem };
}

function hasKnownKind(text: string): boolean {
  for (const [, kind] of text.matchAll(KIND_LINE))
    if (KINDS.has(kind ?? '') || kind?.endsWith('List') === true) return true;
  return /^\s*\{/.test(text) && KIND_OF_JSON.test(text);
}

/**
 * Puts a character that means nothing in place of each action, so that every offset stays. A line of actions alone goes away;
 * an action at the start of a value keeps the rest of it readable.
 */
export function neutral(text: string): string {
  const parts: string[] = [];
  let at = 0;
  for (;;) {
    const open = text.indexOf('{{', at);
    if (open === -1) break;
    const close = text.indexOf('}}', open);
    if (close === -1) break;
    const end = close + 2;
    parts.push(text.slice(at, open));
    const action = text.slice(open, end);
    const lineStart = text.lastIndexOf('\n', open - 1) + 1;
    const lineStop = text.indexOf('\n', end);
    const before = text.slice(lineStart, open);
    const after = text.slice(end, lineStop === -1 ? text.length : lineStop);
    const isAlone = /^\s*(?:\{\{[^}]*\}\}\s*)*$/.test(before) && /^\s*(?:\{\{[^}]*\}\}\s*)*(?:#.*)?$/.test(after);
    // After `key:` an included block goes away too: it is a map or a list that nobody sees here.
    const isBlock = /\b(?:n?indent|toYaml)\b/.test(action) && /^\s*$/.test(after);
    const filler = isAlone || isBlock ? ' ' : UNKNOWN_PART;
    parts.push(action.replaceAll(/[^\n]/g, filler));
    at = end;
  }
  parts.push(text.slice(at));
  return parts.join('');
}

/** How many lists within lists are opened. */
const LISTS_DEEP_MAX = 3;

function objectsIn(root: Tree, file: FileView, depth = 0): readonly KubernetesObject[] {
  if (root.kind !== 'map') return [];
  const kind = textOf(valueAt(root, 'kind'));
  const version = textOf(valueAt(root, 'apiVersion'));
  if (kind === undefined || version === undefined) return [];
  if (kind.endsWith('List') && depth < LISTS_DEEP_MAX) {
    return itemsOf(valueAt(root, 'items')).flatMap((item) => objectsIn(item, file, depth + 1));
  }
  if (!KINDS.has(kind) || !GROUPS.test(version)) return [];
  const name = textOf(valueAt(root, 'metadata', 'name')) ?? '';
  const named = { file, kind, name };
  const isPartial = entryOf(root, '$patch') !== undefined || /(?:^|[/_.-])patch(?:es)?(?:[/_.-]|$)/i.test(file.path);
  const pod = podOf(root, { ...named, isPartial });
  return [
    {
      ...named,
      tree: root,
      namespace: textOf(valueAt(root, 'metadata', 'namespace')),
      isPartial: isPartial || pod?.isPartial === true,
      pod,
    },
  ];
}

function podOf(root: MapTree, of: Pick<KubernetesObject, 'file' | 'kind' | 'name' | 'isPartial'>): Pod | undefined {
  const path = POD_PATHS[of.kind];
  if (path === undefined) return undefined;
  const template = valueAt(root, ...path);
  const entry = entryOf(template, 'spec');
  if (entry?.value.kind !== 'map') return undefined;
  const spec = entry.value;
  const containers = (
    [
      ['containers', 'container'],
      ['initContainers', 'init'],
      ['ephemeralContainers', 'ephemeral'],
    ] as const
  ).flatMap(([key, kind]) => containersOf(entryOf(spec, key), kind));
  // A whole workload names the image of each container; a patch only what it changes.
  const isPartial =
    of.isPartial ||
    containers.length === 0 ||
    containers.some(({ tree }) => entryOf(tree, 'image') === undefined && tree.isOpen !== true);
  return {
    object: of,
    spec,
    metadata: valueAt(template, 'metadata'),
    head: { start: entry.start, end: entry.keyEnd },
    containers,
    isPartial,
    isWindows:
      textOf(valueAt(spec, 'os', 'name')) === 'windows' ||
      /^windows$/i.test(textOf(valueAt(spec, 'nodeSelector', 'kubernetes.io/os')) ?? ''),
  };
}

function containersOf(entry: Entry | undefined, kind: Container['kind']): readonly Container[] {
  return itemsOf(entry?.value).flatMap((tree) =>
    tree.kind === 'map' ? [{ tree, kind, name: textOf(valueAt(tree, 'name')) ?? '' }] : [],
  );
}
