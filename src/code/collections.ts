import type { CallValues } from './arguments.ts';
import type { CallExpr, Constant } from './ir.ts';
import type { Machine } from './machine.ts';
import { assignSilently, isPlace } from './places.ts';
import {
  constantOf,
  deepTaints,
  joinAll,
  joinTaints,
  joinValues,
  readAnyField,
  readField,
  textWith,
  UNKNOWN,
  type Value,
  writeAnyField,
  writeField,
} from './value.ts';

/** Constructors of empty collections, whatever the language. */
const LISTS =
  /^(?:list|tuple|set|frozenset|deque|Array|Set|ArrayList|LinkedList|Vector|Stack|ArrayDeque|HashSet|LinkedHashSet|TreeSet|PriorityQueue|CopyOnWriteArrayList)$/;
const MAPS =
  /^(?:dict|OrderedDict|defaultdict|Map|HashMap|LinkedHashMap|TreeMap|Hashtable|ConcurrentHashMap|Properties|ConfigParser|RawConfigParser|SafeConfigParser)$/;

/**
 * What calls on collections and texts do of which the content is known: adding, removing and looking up by constant
 * positions and keys. Undefined when it is another call.
 */
export function collectionCall(machine: Machine, values: CallValues, callbacks: Value | undefined): Value | undefined {
  const { call, receiver } = values;
  const args = values.args.filter(({ arg }) => arg.name === undefined).map(({ value }) => value);
  if (call.callee.kind !== 'member') {
    return call.callee.kind === 'name' && (call.callee.slot === -1 || call.isNew)
      ? construct(call.callee.name, values, args)
      : undefined;
  }
  const name = call.callee.property;
  const made =
    args.length <= 1 && (call.isNew || name === 'OrderedDict' || name === 'defaultdict' || MAPS.test(name))
      ? construct(name, values, args)
      : undefined;
  if (made !== undefined) return made;
  const text = receiver.constant?.value;
  if (typeof text === 'string') return textCall(name, text, args, machine);
  if (receiver.fields === undefined) return changeUnknown(machine, values, name, args);
  const changed = changeCollection(receiver, name, args);
  if (changed !== undefined) {
    if (isPlace(call.callee.object)) assignSilently(machine, call.callee.object, changed.after);
    return changed.result;
  }
  return readCollection(receiver, name, args, callbacks);
}

/** Whether a call makes a collection, by the name of what is called. */
export function isCollectionName({ callee }: CallExpr): boolean {
  const name = callee.kind === 'member' ? callee.property : callee.kind === 'name' ? callee.name : '';
  return MAPS.test(name) || LISTS.test(name);
}

function construct(name: string, values: CallValues, args: readonly Value[]): Value | undefined {
  const [first] = args;
  if (LISTS.test(name)) {
    if (first === undefined || first.constant !== undefined)
      return { taints: [], paths: [], fields: new Map(), isList: true };
    if (first.fields !== undefined) return { ...first, isList: true };
    return { taints: first.taints, paths: [], fields: new Map(), others: readAnyField(first), isList: true };
  }
  if (!MAPS.test(name)) return undefined;
  const named = values.args.flatMap(({ arg, value }) =>
    arg.name === undefined || arg.isSpread === true ? [] : [[arg.name, value] as const],
  );
  const base: Value =
    first?.fields === undefined || first.isList === true
      ? { taints: first?.taints ?? [], paths: [], fields: new Map() }
      : first;
  return named.reduce<Value>(
    (value, [key, held]) => writeField(value, key, held),
    first?.isList === true ? writeAnyField(base, readAnyField(readAnyField(first))) : base,
  );
}

type Change = { readonly after: Value; readonly result: Value };

/** Calls that change the collection. */
function changeCollection(list: Value, name: string, args: readonly Value[]): Change | undefined {
  const [first = UNKNOWN, second = UNKNOWN] = args;
  switch (name) {
    case 'append':
    case 'push':
    case 'add':
    case 'addLast':
    case 'offer':
    case 'addElement':
      if (args.length === 2) return { after: insertAt(list, first.constant?.value, second), result: UNKNOWN };
      return { after: args.reduce(appendItem, list), result: UNKNOWN };
    case 'insert':
      return { after: insertAt(list, first.constant?.value, second), result: UNKNOWN };
    case 'unshift':
    case 'addFirst':
    case 'appendleft':
      return { after: insertAt(list, 0, first), result: UNKNOWN };
    case 'extend':
    case 'addAll':
    case 'update':
    case 'putAll':
      return { after: mergeInto(list, first), result: UNKNOWN };
    case 'pop':
    case 'remove':
    case 'removeAt':
    case 'shift':
    case 'poll':
    case 'removeFirst':
    case 'removeLast':
    case 'delete':
      return removeItem(list, name, args);
    case 'put':
    case 'set':
    case 'setProperty':
    case 'putIfAbsent':
    case 'setdefault':
    case 'setItem':
      return putEntry(list, args);
    case 'clear':
      return { after: { taints: [], paths: list.paths, fields: new Map(), isList: list.isList }, result: UNKNOWN };
    default:
      return undefined;
  }
}

function appendItem(list: Value, item: Value): Value {
  if (list.others !== undefined || list.fields === undefined || list.isList !== true) return writeAnyField(list, item);
  return writeField(list, String(list.fields.size), item);
}

function insertAt(list: Value, at: Constant | undefined, item: Value): Value {
  const items = itemsOf(list);
  if (items === undefined || typeof at !== 'number' || at < 0 || at > items.length) return writeAnyField(list, item);
  return listOfItems(list, [...items.slice(0, at), item, ...items.slice(at)]);
}

/** The items in order, when all of them are known. */
function itemsOf(list: Value): readonly Value[] | undefined {
  if (list.fields === undefined || list.others !== undefined || list.isList !== true) return undefined;
  return [...list.fields.values()];
}

function listOfItems(list: Value, items: readonly Value[]): Value {
  return {
    taints: list.taints,
    paths: list.paths,
    isList: true,
    fields: new Map(items.map((item, at) => [String(at), item])),
  };
}

function mergeInto(list: Value, more: Value): Value {
  if (list.isList === true) {
    const items = itemsOf(more);
    return items === undefined ? writeAnyField(list, readAnyField(more)) : items.reduce(appendItem, list);
  }
  let merged = list;
  for (const [key, value] of more.fields ?? []) merged = writeField(merged, key, value);
  return more.fields === undefined || more.others !== undefined ? writeAnyField(merged, readAnyField(more)) : merged;
}

function removeItem(list: Value, name: string, args: readonly Value[]): Change {
  const items = itemsOf(list);
  const key = args[0]?.constant?.value;
  if (items === undefined) {
    if (list.isList === true || typeof key !== 'string')
      return { after: list, result: joinAll([readAnyField(list), ...args.slice(1)]) };
    const fields = new Map(list.fields);
    const removed = readField(list, key);
    fields.delete(key);
    return { after: { ...list, fields }, result: removed };
  }
  const isFirst = name === 'shift' || name === 'poll' || name === 'removeFirst';
  const at = isFirst ? 0 : args.length === 0 ? items.length - 1 : key;
  if (typeof at === 'number') {
    const position = at < 0 ? items.length + at : at;
    return {
      after: listOfItems(
        list,
        items.filter((_, index) => index !== position),
      ),
      result: items[position] ?? UNKNOWN,
    };
  }
  // `remove(value)`: the first that is equal.
  const position = items.findIndex((item) => item.constant !== undefined && item.constant.value === key);
  return position === -1
    ? { after: list, result: readAnyField(list) }
    : {
        after: listOfItems(
          list,
          items.filter((_, index) => index !== position),
        ),
        result: UNKNOWN,
      };
}

/** With three arguments, a section and a key: configuration parsers. */
function putEntry(map: Value, args: readonly Value[]): Change {
  const value = args.at(-1) ?? UNKNOWN;
  const keys = args.slice(0, -1).map(({ constant }) => constant?.value);
  if (args.length < 2) return { after: writeAnyField(map, value), result: UNKNOWN };
  const key = keys.some((one) => one === undefined || one === null) ? undefined : keys.map(String).join('/');
  return { after: key === undefined ? writeAnyField(map, value) : writeField(map, key, value), result: value };
}

/** Calls that read it. */
function readCollection(
  list: Value,
  name: string,
  args: readonly Value[],
  callbacks: Value | undefined,
): Value | undefined {
  const [first = UNKNOWN, second] = args;
  const key = first.constant?.value;
  switch (name) {
    case 'get':
    case 'at':
    case 'elementAt':
    case 'getProperty':
    case 'getOrDefault':
    case 'getItem': {
      const keys = args.slice(0, Math.max(1, args.length)).map(({ constant }) => constant?.value);
      const joined = keys.length === 2 && keys.every((one) => typeof one === 'string') ? keys.join('/') : undefined;
      if (joined !== undefined && list.fields?.has(joined) === true) return readField(list, joined);
      const held = key === undefined || key === null ? readAnyField(list) : readField(list, String(key));
      return second === undefined || list.fields?.has(String(key)) === true ? held : joinValues(held, second);
    }
    case 'getFirst':
    case 'firstElement':
    case 'peek':
      return list.fields?.get('0') ?? readAnyField(list);
    case 'items':
    case 'entries':
      return {
        taints: [],
        paths: [],
        isList: true,
        fields: new Map(),
        others: {
          taints: [],
          paths: [],
          isList: true,
          fields: new Map([
            ['0', UNKNOWN],
            ['1', readAnyField(list)],
          ]),
        },
      };
    case 'keys':
    case 'keySet':
      return { ...UNKNOWN, taints: list.taints };
    case 'values':
    case 'copy':
    case 'slice':
    case 'concat':
    case 'reverse':
    case 'sort':
    case 'filter':
    case 'iterator':
    case 'stream':
    case 'toArray':
    case 'flat':
    case '__getslice__':
      return name === 'concat'
        ? writeAnyField(list, joinAll(args.map(readAnyField)))
        : { taints: list.taints, paths: [], fields: new Map(), others: readAnyField(list), isList: true };
    case 'next':
    case 'find':
      return readAnyField(list);
    case 'map':
    case 'flatMap':
      return callbacks === undefined
        ? undefined
        : { taints: [], paths: [], fields: new Map(), others: callbacks, isList: true };
    case 'join':
      return textWith(joinTaints(deepTaints(list), deepTaints(first)));
    case 'includes':
    case 'contains':
    case 'containsKey':
    case 'has':
    case 'has_key':
    case 'indexOf':
    case 'size':
    case 'count':
    case 'index':
    case 'isEmpty':
      return UNKNOWN;
    default:
      return undefined;
  }
}

/** Adding something tainted to a collection (or builder) of which nothing is known taints it. */
function changeUnknown(machine: Machine, values: CallValues, name: string, args: readonly Value[]): Value | undefined {
  if (
    !/^(?:append|push|add|put|set|insert|extend|unshift|write|concat|addAll|setProperty)$/.test(name) ||
    values.call.callee.kind !== 'member'
  )
    return undefined;
  const place = values.call.callee.object;
  const taints = args.reduce<Value['taints']>((all, value) => joinTaints(all, deepTaints(value)), []);
  if (taints.length === 0) return undefined;
  const after: Value = { ...values.receiver, taints: joinTaints(values.receiver.taints, taints) };
  // Only what is a variable of the function: parameters and fields are seldom what they are named after.
  if (place.kind === 'name' && place.slot >= 0 && !isHandedIn(values.receiver)) assignSilently(machine, place, after);
  // Builders give themselves back.
  return name === 'append' || name === 'concat' ? after : undefined;
}

function isHandedIn({ taints }: Value): boolean {
  return taints.some(({ origin }) => origin.kind === 'param' || origin.kind === 'result');
}

/** Methods of a text that is known. */
function textCall(name: string, text: string, args: readonly Value[], machine: Machine): Value | undefined {
  const given = args.map(({ constant }) => constant?.value);
  const [first, second] = given;
  switch (name) {
    case 'charAt':
      return typeof first === 'number' ? constantOf(text.charAt(first)) : UNKNOWN;
    case 'length':
      return constantOf(text.length);
    case 'upper':
    case 'toUpperCase':
      return constantOf(text.toUpperCase());
    case 'lower':
    case 'toLowerCase':
      return constantOf(text.toLowerCase());
    case 'strip':
    case 'trim':
      return constantOf(text.trim());
    case 'toString':
    case 'getBytes':
    case 'toCharArray':
    case 'encode':
    case 'decode':
    case 'intern':
      return constantOf(text);
    case 'substring':
    case 'slice':
      return typeof first === 'number'
        ? constantOf(text.slice(first, typeof second === 'number' ? second : undefined))
        : undefined;
    case 'equals':
    case 'includes':
    case 'contains':
    case 'startsWith':
    case 'startswith':
    case 'endsWith':
    case 'endswith':
      return typeof first === 'string' ? constantOf(testText(name, text, first)) : UNKNOWN;
    case 'join': {
      const items = args[0];
      if (items === undefined) return undefined;
      return textWith(machine.rules.language === 'python' ? deepTaints(items) : []);
    }
    default:
      return undefined;
  }
}

function testText(name: string, text: string, other: string): boolean {
  if (name === 'equals') return text === other;
  if (name.startsWith('start')) return text.startsWith(other);
  return name.startsWith('end') ? text.endsWith(other) : text.includes(other);
}
