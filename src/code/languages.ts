import type { FrontEnd } from './front-end.ts';
import { javascript } from './lower-javascript.ts';
import { python } from './lower-python.ts';
import type { Model } from './model.ts';
import { javascriptModel } from './model-javascript.ts';
import { pythonModel } from './model-python.ts';

/** Every language that is looked at: a front end that lowers it and a model of its frameworks. */
export const LANGUAGES_KNOWN: readonly { readonly frontEnd: FrontEnd; readonly model: Model }[] = [
  { frontEnd: javascript, model: javascriptModel },
  { frontEnd: python, model: pythonModel },
];
