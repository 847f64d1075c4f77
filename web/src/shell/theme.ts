import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

/** The green of the gate. Shade 8 on white and shade 3 on the dark ground have more than 4.5:1. */
const gate: MantineColorsTuple = [
  '#eef8f3',
  '#dcefe5',
  '#b5ddc8',
  '#8bcaa9',
  '#68ba8f',
  '#52b07e',
  '#429a6c',
  '#317c55',
  '#256646',
  '#174f34',
];

export const theme = createTheme({
  primaryColor: 'gate',
  primaryShade: { light: 8, dark: 8 },
  colors: { gate },
  autoContrast: true,
  luminanceThreshold: 0.35,
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  focusRing: 'always',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", "Cantarell", "Noto Sans", "Liberation Sans", Arial, sans-serif',
  fontFamilyMonospace:
    'ui-monospace, SFMono-Regular, "SF Mono", Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace',
  // A page of rows is read better a little smaller than the kit's.
  fontSizes: { xs: '0.75rem', sm: '0.825rem', md: '0.9rem', lg: '1rem', xl: '1.125rem' },
  headings: {
    fontWeight: '650',
    sizes: { h1: { fontSize: '1.375rem', lineHeight: '1.3' }, h2: { fontSize: '1.05rem' } },
  },
  components: {
    Anchor: { defaultProps: { underline: 'hover' } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 300, events: { hover: true, focus: true, touch: true } } },
    Badge: { defaultProps: { radius: 'sm', variant: 'light' } },
  },
});

/** Texts on the light ground of their own colour, which the kit makes too pale to read. */
const ON_LIGHT = {
  blue: '#1a5398',
  cyan: '#0b5c6e',
  green: '#1f6b43',
  orange: '#8f3606',
  red: '#a3211a',
  teal: '#0b6149',
  violet: '#5a2fc4',
  yellow: '#7a4a00',
};

const onLight = Object.fromEntries(
  Object.entries(ON_LIGHT).map(([name, value]) => [`--mantine-color-${name}-light-color`, value]),
);

/** Texts that are dimmed keep 4.5:1 on every ground of the pages. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...onLight,
    '--mantine-color-dimmed': '#5a626b',
    '--mantine-color-placeholder': '#666e77',
    '--mantine-color-anchor': '#1d6141',
    // Of the variant `light`, on its own tint.
    '--mantine-color-yellow-light-color': '#7a4a00',
    '--mantine-color-orange-light-color': '#8a3d00',
    '--mantine-color-green-light-color': '#1f5f33',
    '--mantine-color-red-light-color': '#a31f19',
    '--mantine-color-blue-light-color': '#1b4f8f',
    '--sp-ground-2': '#f7f8f8',
    '--sp-line': '#e3e6e8',
    '--sp-good': '#1f6b43',
    '--sp-bad': '#b3261e',
    '--sp-warn': '#8a5300',
    '--sp-busy': '#1b5fae',
    '--sp-added': '#e3f5ea',
    '--sp-removed': '#fdebea',
    '--sp-marked': '#fff3cd',
  },
  dark: {
    '--mantine-color-body': '#141517',
    '--mantine-color-dimmed': '#a3a9b0',
    '--mantine-color-placeholder': '#8f959c',
    '--mantine-color-anchor': '#8bcaa9',
    '--sp-ground-2': '#1a1c1f',
    '--sp-line': '#2c2f34',
    '--sp-good': '#7fd0a4',
    '--sp-bad': '#ff9c94',
    '--sp-warn': '#f2c063',
    '--sp-busy': '#8dbdf5',
    '--sp-added': '#16301f',
    '--sp-removed': '#3a1d1c',
    '--sp-marked': '#3d3413',
  },
});
