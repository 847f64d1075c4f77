import type { KubernetesObject } from './kubernetes.ts';
import { none, type Report } from './report.ts';
import { hasKnownSecret, isRandom, isSecretName, isSecretValue } from './secret-value.ts';
import { entryOf, itemsOf, type MapTree, type Span, textOf, type Tree, valueAt } from './tree.ts';

export type ObjectCheck = (object: KubernetesObject) => Iterable<Report>;

type RbacRule = {
  readonly tree: MapTree;
  readonly groups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
};

function* rbacRules(object: KubernetesObject): Iterable<RbacRule> {
  if (object.kind !== 'Role' && object.kind !== 'ClusterRole') return;
  for (const tree of itemsOf(valueAt(object.tree, 'rules'))) {
    if (tree.kind !== 'map') continue;
    const texts = (key: string) => itemsOf(valueAt(tree, key)).flatMap((item) => textOf(item) ?? []);
    yield { tree, groups: texts('apiGroups'), resources: texts('resources'), verbs: texts('verbs') };
  }
}

function place(rule: RbacRule, key: string): Span {
  const entry = entryOf(rule.tree, key);
  return entry === undefined
    ? { start: rule.tree.start, end: rule.tree.start }
    : { start: entry.start, end: entry.end };
}

function report(object: KubernetesObject, span: Span, message: string): Report {
  return {
    span,
    message: `${object.kind}/${object.name} ${message}`,
    scope: `${object.kind}/${object.name}`,
    fix: none('What it is used for is not known here.', 'Name the single resources and verbs that are needed.'),
  };
}

export const rbacWildcard: ObjectCheck = function* (object) {
  // The roles that every cluster brings along are what they are.
  if (/^system:|^(?:cluster-admin|admin)$/.test(object.name)) return;
  for (const rule of rbacRules(object)) {
    const key = rule.verbs.includes('*') ? 'verbs' : rule.resources.includes('*') ? 'resources' : undefined;
    // Reading everything is another matter than changing everything.
    if (
      key === undefined ||
      (key === 'resources' && rule.verbs.every((verb) => /^(?:get|list|watch)$/.test(verb)) && !grantsSecrets(rule))
    )
      continue;
    yield report(object, place(rule, key), `allows every ${key === 'verbs' ? 'verb' : 'resource'} by a wildcard.`);
  }
};

function grantsSecrets({ groups, resources }: RbacRule): boolean {
  return (
    (groups.length === 0 || groups.includes('') || groups.includes('*')) &&
    (resources.includes('secrets') || resources.includes('*'))
  );
}

export const rbacSecrets: ObjectCheck = function* (object) {
  for (const rule of rbacRules(object)) {
    if (
      !rule.resources.includes('secrets') ||
      !grantsSecrets(rule) ||
      entryOf(rule.tree, 'resourceNames') !== undefined
    )
      continue;
    if (!rule.verbs.some((verb) => /^(?:get|list|watch|\*)$/.test(verb))) continue;
    yield report(
      object,
      place(rule, 'resources'),
      `reads all secrets${object.kind === 'ClusterRole' ? ' where it is bound, of the whole cluster by a ClusterRoleBinding' : ' of its namespace'}.`,
    );
  }
};

export const rbacEscalation: ObjectCheck = function* (object) {
  for (const rule of rbacRules(object)) {
    const isRbac = rule.groups.some((group) => group === 'rbac.authorization.k8s.io' || group === '*');
    const verb = rule.verbs.find(
      (one) =>
        (one === 'impersonate' &&
          rule.resources.some((resource) => /^(?:users|groups|serviceaccounts|\*)$/.test(resource))) ||
        (isRbac && (one === 'escalate' || one === 'bind')),
    );
    if (verb !== undefined)
      yield report(object, place(rule, 'verbs'), `allows ${verb}: who has it can give themselves every right.`);
  }
};

export const rbacExec: ObjectCheck = function* (object) {
  for (const rule of rbacRules(object)) {
    const resource = rule.resources.find((one) => /^(?:pods\/(?:exec|attach|portforward)|nodes\/proxy)$/.test(one));
    if (resource === undefined || !rule.verbs.some((verb) => /^(?:create|get|\*)$/.test(verb))) continue;
    yield report(object, place(rule, 'resources'), `allows ${resource}: with it one runs commands in other workloads.`);
  }
};

export const rbacCreatePods: ObjectCheck = function* (object) {
  for (const rule of rbacRules(object)) {
    if (
      !rule.resources.includes('pods') ||
      !rule.groups.includes('') ||
      !rule.verbs.some((verb) => verb === 'create' || verb === '*')
    )
      continue;
    yield report(
      object,
      place(rule, 'resources'),
      'creates pods: with it one mounts every secret and runs as every service account of the namespace.',
    );
  }
};

export const rbacClusterAdmin: ObjectCheck = function* (object) {
  if (object.kind !== 'ClusterRoleBinding' && object.kind !== 'RoleBinding') return;
  const entry = entryOf(valueAt(object.tree, 'roleRef'), 'name');
  if (entry === undefined || textOf(entry.value) !== 'cluster-admin') return;
  if (object.name === 'cluster-admin') return;
  const who = itemsOf(valueAt(object.tree, 'subjects')).map(
    (subject) => `${textOf(valueAt(subject, 'kind')) ?? ''} ${textOf(valueAt(subject, 'name')) ?? ''}`,
  );
  yield report(object, entry, `gives cluster-admin to ${who.slice(0, 3).join(', ') || 'its subjects'}.`);
};

const ANYONE = /^(?:system:anonymous|system:unauthenticated|system:authenticated|system:serviceaccounts)$/;
/** What every cluster gives to everyone, to find out about the server. */
const PUBLIC_ROLES =
  /^(?:system:(?:discovery|public-info-viewer|basic-user|service-account-issuer-discovery)|kubeadm:.*)$/;

export const rbacAnyone: ObjectCheck = function* (object) {
  if (object.kind !== 'ClusterRoleBinding' && object.kind !== 'RoleBinding') return;
  if (PUBLIC_ROLES.test(textOf(valueAt(object.tree, 'roleRef', 'name')) ?? '')) return;
  for (const subject of itemsOf(valueAt(object.tree, 'subjects'))) {
    const entry = entryOf(subject, 'name');
    const name = textOf(entry?.value);
    if (entry !== undefined && name !== undefined && ANYONE.test(name))
      yield report(object, entry, `gives rights to ${name}, which is everyone.`);
  }
};

export const rbacDefaultAccount: ObjectCheck = function* (object) {
  if (object.kind !== 'ClusterRoleBinding' && object.kind !== 'RoleBinding') return;
  for (const subject of itemsOf(valueAt(object.tree, 'subjects'))) {
    const entry = entryOf(subject, 'name');
    if (
      entry === undefined ||
      textOf(entry.value) !== 'default' ||
      textOf(valueAt(subject, 'kind')) !== 'ServiceAccount'
    )
      continue;
    yield report(
      object,
      entry,
      'gives rights to the default service account, which every pod without another one has.',
    );
  }
};

export const ingressWithoutTls: ObjectCheck = function* (object) {
  if (object.kind !== 'Ingress' || object.isPartial) return;
  const spec = entryOf(object.tree, 'spec');
  if (spec?.value.kind !== 'map' || spec.value.isOpen === true || entryOf(spec.value, 'tls') !== undefined) return;
  yield {
    ...report(object, { start: spec.start, end: spec.keyEnd }, 'is served over plain HTTP.'),
    fix: none(
      'The certificate is not known here.',
      'Add tls with the hosts and the name of the secret that holds the certificate.',
    ),
  };
};

export const serviceOpen: ObjectCheck = function* (object) {
  if (object.kind !== 'Service') return;
  const spec = valueAt(object.tree, 'spec');
  const entry = entryOf(spec, 'type');
  const type = textOf(entry?.value);
  if (entry === undefined || (type !== 'LoadBalancer' && type !== 'NodePort')) return;
  if (type === 'LoadBalancer' && (entryOf(spec, 'loadBalancerSourceRanges') !== undefined || isInternal(object.tree)))
    return;
  yield {
    ...report(
      object,
      entry,
      type === 'NodePort' ? 'opens a port on every node.' : 'is open to every address that reaches the load balancer.',
    ),
    fix: none(
      'Who has to reach it is not known here.',
      type === 'NodePort'
        ? 'Use ClusterIP behind an Ingress or a gateway.'
        : 'List the addresses in loadBalancerSourceRanges, or make it internal.',
    ),
  };
};

function isInternal(tree: Tree): boolean {
  const annotations = valueAt(tree, 'metadata', 'annotations');
  return (
    annotations?.kind === 'map' &&
    annotations.entries.some(
      ({ key, value }) =>
        /internal|load-balancer-scheme|load-balancer-type/i.test(`${key}=${textOf(value) ?? ''}`) &&
        !/=false|internet-facing/.test(`=${textOf(value) ?? ''}`),
    )
  );
}

export const serviceExternalIps: ObjectCheck = function* (object) {
  const entry = object.kind === 'Service' ? entryOf(valueAt(object.tree, 'spec'), 'externalIPs') : undefined;
  if (entry === undefined || !itemsOf(entry.value).some((item) => textOf(item) !== undefined)) return;
  yield {
    ...report(
      object,
      { start: entry.start, end: entry.keyEnd },
      'takes traffic of external addresses to itself, which can be that of others.',
    ),
    fix: none('How it is reached instead is not known here.', 'Use a load balancer.'),
  };
};

export const secretInManifest: ObjectCheck = function* (object) {
  if (object.kind !== 'Secret') return;
  if (/service-account-token|bootstrap/.test(textOf(valueAt(object.tree, 'type')) ?? '')) return;
  for (const key of ['data', 'stringData']) {
    const data = valueAt(object.tree, key);
    for (const entry of data?.kind === 'map' ? data.entries : []) {
      const text = textOf(entry.value) ?? '';
      const value = key === 'data' ? Buffer.from(text, 'base64').toString('utf8') : text;
      if (
        !isSecretValue('password', value) ||
        !(/key|pass|pwd|token|secret|credential|auth/i.test(entry.key) || isRandom(value) || hasKnownSecret(value)) ||
        /(?:^|[._-])(?:user(?:name)?|ca|cert|crt|url|host|port|type|id|name)$/i.test(entry.key)
      )
        continue;
      yield {
        span: entry,
        message: `Secret/${object.name} holds the value of ${entry.key} in the repository; base64 hides nothing.`,
        scope: `Secret/${object.name}`,
        evidence: `${entry.key}: [secret]`,
        identity: entry.key,
        fix: none(
          'The value must be made invalid and kept elsewhere.',
          'Rotate it; make the Secret by an operator (External Secrets, Sealed Secrets, SOPS).',
        ),
      };
    }
  }
};

export const configMapSecret: ObjectCheck = function* (object) {
  if (object.kind !== 'ConfigMap') return;
  const data = valueAt(object.tree, 'data');
  for (const entry of data?.kind === 'map' ? data.entries : []) {
    const text = textOf(entry.value) ?? '';
    if (!(isSecretName(entry.key) && isSecretValue(entry.key, text)) && !(text.length < 10_000 && hasKnownSecret(text)))
      continue;
    yield {
      span: { start: entry.start, end: entry.keyEnd },
      message: `ConfigMap/${object.name} holds the secret ${entry.key}, readable by everyone who may see the configuration.`,
      scope: `ConfigMap/${object.name}`,
      evidence: `${entry.key}: [secret]`,
      identity: entry.key,
      fix: none(
        'The value must be made invalid and kept elsewhere.',
        'Rotate it and move it to a Secret made outside the repository.',
      ),
    };
  }
};
