import { useEffect, useSyncExternalStore } from 'react';

/** One key, or two after another: `?`, `g h`, `/`, `j`. Capital letters are themselves. */
export type KeySequence = string;

export type KeyAction = { readonly keys: KeySequence; readonly label: string; readonly run: () => void };

/** The second key of a sequence comes within so long. */
const SEQUENCE_MS_MAX = 1500;
const SETTING = 'sallyport.keys';

let actions: readonly KeyAction[] = [];
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Keys that work on the page that is open, for the list of `?`. */
export function useKeyList(): readonly KeyAction[] {
  return useSyncExternalStore(subscribe, () => actions);
}

/** Makes keys work while the component is there. Give the same array until something changes (`useMemo`). */
export function useKeys(own: readonly KeyAction[]): void {
  useEffect(() => {
    actions = [...actions, ...own];
    tell();
    return () => {
      actions = actions.filter((action) => !own.includes(action));
      tell();
    };
  }, [own]);
}

/** Single keys can be turned off: software for dictation presses them by accident. */
export function areKeysOn(): boolean {
  return globalThis.localStorage?.getItem(SETTING) !== 'off';
}

export function turnKeys(on: boolean): void {
  globalThis.localStorage.setItem(SETTING, on ? 'on' : 'off');
  tell();
}

/** The state of a sequence that is being pressed. */
export type Pressed = { readonly keys: string; readonly at: number };

/** What a key means after those before it: the sequence so far, and what it matches. Later actions win. */
export function press(
  before: Pressed,
  key: string,
  now: number,
  known: readonly KeyAction[],
): { readonly pressed: Pressed; readonly match: KeyAction | undefined } {
  const isLate = now - before.at > SEQUENCE_MS_MAX;
  const longer = before.keys === '' || isLate ? key : `${before.keys} ${key}`;
  for (const keys of longer === key ? [key] : [longer, key]) {
    const match = known.findLast((action) => action.keys === keys);
    if (match !== undefined) return { pressed: { keys: '', at: now }, match };
    if (known.some((action) => action.keys.startsWith(`${keys} `))) return { pressed: { keys, at: now }, match };
  }
  return { pressed: { keys: '', at: now }, match: undefined };
}

const isText = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.closest('input, textarea, select, [role=combobox], [role=menu]') !== null);

/** Listens to the keyboard. Called once, by the frame. */
export function useKeyListener(): void {
  useEffect(() => {
    let pressed: Pressed = { keys: '', at: 0 };
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isText(event.target)) return;
      if (event.key.length > 1 || event.key === ' ' || !areKeysOn()) return;
      if (document.querySelector('[role=dialog][aria-modal=true]') !== null) return;
      const next = press(pressed, event.key, event.timeStamp, actions);
      pressed = next.pressed;
      if (next.match === undefined) return;
      event.preventDefault();
      next.match.run();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}
