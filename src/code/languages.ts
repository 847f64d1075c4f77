import type { FrontEnd } from './front-end.ts';
import { go } from './lower-go.ts';
import { java } from './lower-java.ts';
import { javascript } from './lower-javascript.ts';
import { python } from './lower-python.ts';
import type { Model } from './model.ts';
import { goModel } from './model-go.ts';
import { javaModel } from './model-java.ts';
import { javascriptModel } from './model-javascript.ts';
import { pythonModel } from './model-python.ts';

/** Every language that is looked at: a front end that lowers it and a model of its frameworks. */
export const LANGUAGES_KNOWN: readonly { readonly frontEnd: FrontEnd; readonly model: Model }[] = [
  { frontEnd: javascript, model: javascriptModel },
  { frontEnd: python, model: pythonModel },
  { frontEnd: java, model: javaModel },
  { frontEnd: go, model: goModel },
];
