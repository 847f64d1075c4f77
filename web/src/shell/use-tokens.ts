import { useEffect, useState } from 'react';
import type { Token } from './highlight.ts';
import { COLOURED_LENGTH_MAX } from './language.ts';

type Lines = readonly (readonly Token[])[];
type Coloured = { readonly text: string; readonly language: string; readonly lines: Lines };

/** The lines of a text: plain at once, in colours when the colours are loaded. A long text stays plain. */
export function useTokens(text: string, language: string | undefined): Lines {
  const [coloured, setColoured] = useState<Coloured | undefined>(undefined);
  useEffect(() => {
    if (language === undefined || text.length > COLOURED_LENGTH_MAX) return;
    let isWanted = true;
    void import('./highlight.ts').then(({ highlightLines }) => {
      if (isWanted) setColoured({ text, language, lines: highlightLines(text, language) });
    });
    return () => {
      isWanted = false;
    };
  }, [text, language]);
  if (coloured?.text === text && coloured.language === language) return coloured.lines;
  return text.split('\n').map((line) => [{ text: line }]);
}
