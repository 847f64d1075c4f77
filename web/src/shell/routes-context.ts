import { createContext, useContext } from 'react';
import type { AreaRoute } from './route.ts';

/** The list of all pages, for navigation, palette and keys. The shell may not import the areas that make it. */
export const RoutesContext = createContext<readonly AreaRoute[]>([]);

export const useRoutes = (): readonly AreaRoute[] => useContext(RoutesContext);
