/** A state in a word and a sign; the colour only helps. */
const MARKS = {
  good: ['✓', 'sp-good'],
  bad: ['✗', 'sp-bad'],
  warn: ['!', 'sp-warn'],
  busy: ['●', 'sp-busy'],
  none: ['–', ''],
} as const;
export type Mark = keyof typeof MARKS;

export function StateMark({ mark, text }: { readonly mark: Mark; readonly text: string }) {
  const [sign, className] = MARKS[mark];
  return (
    <span className={className}>
      <span aria-hidden="true">{sign} </span>
      {text}
    </span>
  );
}
