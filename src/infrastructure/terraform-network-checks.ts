import type { Fix } from '../finding/index.ts';
import { none } from './report.ts';
import { addressOf, type Declared, type TerraformModule } from './terraform-module.ts';
import { report, resources, type TerraformCheck } from './terraform-report.ts';
import {
  type Entry,
  entryOf,
  isScalar,
  itemsOf,
  type MapTree,
  partialTextOf,
  type Span,
  textOf,
  type Tree,
  valueAt,
} from './tree.ts';

function keySpan(entry: Entry): Span {
  return entry.value.kind === 'list' || entry.value.kind === 'map'
    ? { start: entry.start, end: Math.max(entry.keyEnd, entry.value.kind === 'list' ? entry.end : 0) }
    : entry;
}

const WORLD: ReadonlySet<string> = new Set(['0.0.0.0/0', '::/0', '0000:0000:0000:0000:0000:0000:0000:0000/0', '0::/0']);

/** Ports at which administrators and stores listen: no one from outside has business there. */
const GUARDED = [
  22, 23, 135, 139, 445, 1433, 1521, 2375, 2376, 2379, 3306, 3389, 5432, 5439, 5601, 5900, 5984, 5985, 5986, 6379, 6443,
  7000, 7199, 8020, 9042, 9092, 9200, 9300, 11211, 27017, 27018, 50070,
];
/** A range this wide is everything. */
const WIDE_PORTS = 1_000;

type Opening = {
  readonly declared: Declared;
  readonly tree: MapTree;
  readonly world: Span;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly protocol: string;
};

function worldIn(tree: Tree, ...keys: readonly string[]): Span | undefined {
  for (const key of keys) {
    const entry = entryOf(tree, key);
    if (entry !== undefined && itemsOf(entry.value).some((item) => WORLD.has(textOf(item) ?? '')))
      return keySpan(entry);
  }
  return undefined;
}

const port = (tree: Tree, key: string): number | undefined => {
  const text = textOf(valueAt(tree, key));
  return text === undefined || text === '' ? undefined : Number(text);
};

function* ingresses(module: TerraformModule): Iterable<Opening> {
  for (const declared of resources(module, 'aws_security_group', 'aws_default_security_group')) {
    for (const tree of itemsOf(valueAt(declared.tree, 'ingress')))
      yield* openingOf(declared, tree, ['cidr_blocks', 'ipv6_cidr_blocks']);
  }
  for (const declared of resources(module, 'aws_security_group_rule')) {
    if (isScalar(valueAt(declared.tree, 'type'), 'ingress'))
      yield* openingOf(declared, declared.tree, ['cidr_blocks', 'ipv6_cidr_blocks']);
  }
  for (const declared of resources(module, 'aws_vpc_security_group_ingress_rule'))
    yield* openingOf(declared, declared.tree, ['cidr_ipv4', 'cidr_ipv6'], 'ip_protocol');
}

function* openingOf(
  declared: Declared,
  tree: Tree,
  keys: readonly string[],
  protocolKey = 'protocol',
): Iterable<Opening> {
  const world = tree.kind === 'map' ? worldIn(tree, ...keys) : undefined;
  if (tree.kind !== 'map' || world === undefined) return;
  yield {
    declared,
    tree,
    world,
    from: port(tree, 'from_port'),
    to: port(tree, 'to_port'),
    protocol: (partialTextOf(valueAt(tree, protocolKey)) ?? '').toLowerCase(),
  };
}

const isAll = ({ protocol, from, to }: Opening) =>
  protocol === '-1' ||
  protocol === 'all' ||
  (from !== undefined &&
    to !== undefined &&
    /^(?:tcp|udp|6|17|)$/.test(protocol) &&
    to - from >= WIDE_PORTS &&
    from <= 1024);

const CLOSE: Fix = none(
  'Which addresses have to reach it is not known here.',
  'List the networks that need it, or go through a bastion, a VPN or a session manager.',
);

export const openAll: TerraformCheck = function* (module) {
  for (const one of ingresses(module)) {
    if (isAll(one))
      yield report(one.declared, one.world, {
        message: `${addressOf(one.declared)} lets the whole internet in on all ports.`,
        fix: CLOSE,
      });
  }
};

export const openGuarded: TerraformCheck = function* (module) {
  for (const one of ingresses(module)) {
    const { from, to } = one;
    if (isAll(one) || from === undefined || to === undefined || one.protocol === 'icmp') continue;
    const hit = GUARDED.find((number) => number >= from && number <= to);
    if (hit === undefined) continue;
    yield report(one.declared, one.world, {
      message: `${addressOf(one.declared)} lets the whole internet reach port ${hit}.`,
      identity: String(hit),
      fix: CLOSE,
    });
  }
};

export const openOther: TerraformCheck = function* (module) {
  for (const one of ingresses(module)) {
    const { from, to } = one;
    if (isAll(one) || from === undefined || to === undefined || one.protocol.startsWith('icmp')) continue;
    if (GUARDED.some((number) => number >= from && number <= to) || (from === to && (from === 80 || from === 443)))
      continue;
    yield report(one.declared, one.world, {
      message: `${addressOf(one.declared)} lets the whole internet reach port ${from}${to === from ? '' : ` to ${to}`}.`,
      fix: CLOSE,
    });
  }
};

export const egressOpen: TerraformCheck = function* (module) {
  for (const declared of resources(module, 'aws_security_group', 'aws_default_security_group')) {
    for (const tree of itemsOf(valueAt(declared.tree, 'egress'))) {
      const world = worldIn(tree, 'cidr_blocks', 'ipv6_cidr_blocks');
      if (world === undefined || !isScalar(valueAt(tree, 'protocol'), '-1')) continue;
      yield report(declared, world, {
        message: `${addressOf(declared)} lets everything out to the whole internet.`,
        fix: CLOSE,
      });
    }
  }
};

export const openAcl: TerraformCheck = function* (module) {
  const rules = function* (): Iterable<{ readonly declared: Declared; readonly tree: Tree; readonly action: string }> {
    for (const declared of resources(module, 'aws_network_acl', 'aws_default_network_acl')) {
      for (const tree of itemsOf(valueAt(declared.tree, 'ingress'))) yield { declared, tree, action: 'action' };
    }
    for (const declared of resources(module, 'aws_network_acl_rule')) {
      if (!isScalar(valueAt(declared.tree, 'egress'), true))
        yield { declared, tree: declared.tree, action: 'rule_action' };
    }
  };
  for (const { declared, tree, action } of rules()) {
    const world = worldIn(tree, 'cidr_block', 'ipv6_cidr_block');
    const from = port(tree, 'from_port');
    const to = port(tree, 'to_port');
    if (world === undefined || !isScalar(valueAt(tree, action), 'allow')) continue;
    const isWhole = isScalar(valueAt(tree, 'protocol'), '-1') || isScalar(valueAt(tree, 'protocol'), 'all');
    const hit = isWhole
      ? 0
      : GUARDED.find((number) => from !== undefined && to !== undefined && number >= from && number <= to);
    if (hit !== undefined)
      yield report(declared, world, {
        message: `${addressOf(declared)} lets the whole internet reach ${isWhole ? 'every port' : `port ${hit}`} of the subnet.`,
        fix: CLOSE,
      });
  }
};

export const azureOpen: TerraformCheck = function* (module) {
  const rules = function* (): Iterable<{ readonly declared: Declared; readonly tree: Tree }> {
    for (const declared of resources(module, 'azurerm_network_security_group'))
      for (const tree of itemsOf(valueAt(declared.tree, 'security_rule'))) yield { declared, tree };
    for (const declared of resources(module, 'azurerm_network_security_rule')) yield { declared, tree: declared.tree };
  };
  for (const { declared, tree } of rules()) {
    if (!isScalar(valueAt(tree, 'access'), 'allow') || !isScalar(valueAt(tree, 'direction'), 'inbound')) continue;
    const source = ['source_address_prefix', 'source_address_prefixes']
      .map((key) => entryOf(tree, key))
      .find((entry) =>
        itemsOf(entry?.value).some((item) =>
          /^(?:\*|0\.0\.0\.0(?:\/0)?|::\/0|internet|any)$/i.test(textOf(item) ?? ''),
        ),
      );
    const ports = ['destination_port_range', 'destination_port_ranges']
      .flatMap((key) => itemsOf(valueAt(tree, key)))
      .flatMap((item) => textOf(item) ?? []);
    const hit = ports.find(coversGuarded);
    if (source === undefined || hit === undefined) continue;
    yield report(declared, source, {
      message: `${addressOf(declared)} lets the whole internet reach port ${hit}.`,
      identity: hit,
      fix: CLOSE,
    });
  }
};

/** `*`, a number, or a range `20-30`. */
function coversGuarded(text: string): boolean {
  if (text === '*') return true;
  const [from = Number.NaN, to = from] = text.split('-').map(Number);
  return GUARDED.some((number) => number >= from && number <= to);
}

export const googleOpen: TerraformCheck = function* (module) {
  for (const declared of resources(module, 'google_compute_firewall')) {
    if (isScalar(valueAt(declared.tree, 'direction'), 'EGRESS') || isScalar(valueAt(declared.tree, 'disabled'), true))
      continue;
    const world = worldIn(declared.tree, 'source_ranges');
    if (world === undefined) continue;
    for (const allow of itemsOf(valueAt(declared.tree, 'allow'))) {
      const protocol = textOf(valueAt(allow, 'protocol')) ?? '';
      const ports = itemsOf(valueAt(allow, 'ports')).flatMap((item) => textOf(item) ?? []);
      const isWhole =
        protocol === 'all' ||
        (ports.length === 0 && entryOf(allow, 'ports') === undefined && /^(?:tcp|udp|6|17)$/.test(protocol));
      const hit = isWhole ? 'all ports' : ports.find(coversGuarded);
      if (hit === undefined) continue;
      yield report(declared, world, {
        message: `${addressOf(declared)} lets the whole internet reach ${isWhole ? hit : `port ${hit}`}.`,
        fix: CLOSE,
      });
      break;
    }
  }
};

export const googlePublicMember: TerraformCheck = function* (module) {
  for (const declared of resources(module)) {
    if (
      !/^google_.*_iam_(?:member|binding|policy)$|^google_storage_(?:bucket|default_object)_(?:access_control|acl)$/.test(
        declared.type,
      )
    )
      continue;
    const entry = ['member', 'members', 'entity', 'role_entity', 'predefined_acl']
      .map((key) => entryOf(declared.tree, key))
      .find((one) =>
        itemsOf(one?.value).some((item) =>
          /^(?:[A-Z]+:)?(?:allUsers|allAuthenticatedUsers)$|^publicRead/.test(textOf(item) ?? ''),
        ),
      );
    if (entry === undefined) continue;
    yield report(declared, entry, {
      message: `${addressOf(declared)} gives rights to everyone on the internet.`,
      fix: none('Who needs it is not known here.', 'Name the accounts or groups that need it.'),
    });
  }
};
