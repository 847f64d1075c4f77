import { Button, CopyButton } from '@mantine/core';
import codeClasses from './code.module.css';
import classes from './copy.module.css';

/** Puts a text on the clipboard, and says so. */
export function Copy({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }) {
  return (
    <CopyButton value={text} timeout={2000}>
      {({ copied, copy }) => (
        <Button size="compact-xs" variant="default" onClick={copy} aria-live="polite">
          {copied ? 'Copied' : label}
        </Button>
      )}
    </CopyButton>
  );
}

/** Commands that somebody runs elsewhere. */
export function Commands({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <div className={classes['commands'] ?? ''}>
      <pre className={codeClasses['block'] ?? ''} tabIndex={0} role="group" aria-label={label}>
        <code>{text}</code>
      </pre>
      <div className={classes['button'] ?? ''}>
        <Copy text={text} label={`Copy ${label}`} />
      </div>
    </div>
  );
}
