/** What a screen reader calls the button that closes a dialog. */
export const CLOSE = { 'aria-label': 'Close' } as const;
