import classes from './finding.module.css';

/** The worst first. */
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const isSeverity = (text: string): text is Severity => SEVERITIES.some((one) => one === text);

/** Its word is always there: the colour only helps. */
export function SeverityBadge({ severity }: { readonly severity: string }) {
  const own = isSeverity(severity) ? (classes[severity] ?? '') : '';
  return (
    <span className={classes['severity'] ?? ''}>
      <svg className={classes['swatch'] ?? ''} viewBox="0 0 10 10" aria-hidden="true">
        <rect width="10" height="10" rx="2" className={own} />
      </svg>
      {severity}
    </span>
  );
}
