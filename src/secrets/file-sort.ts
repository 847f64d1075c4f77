/** How values are written in a file. */
export type Syntax =
  /** Literals stand in quotes; what does not is an expression. */
  | 'code'
  /** `key: value` to the end of the line. */
  | 'yaml'
  /** `key = value` or `key: value` to the end of the line. */
  | 'settings'
  /** `KEY=value`, quoted as in a shell. */
  | 'shell'
  /** Sentences, with commands and settings among them. */
  | 'prose'
  /** Elements and attributes. */
  | 'markup';

export type FileSort = {
  readonly syntax: Syntax;
  readonly extension: string;
  /** Tests, fixtures, examples, documents: what stands there is less likely real. */
  readonly isSample: boolean;
  /** Texts for people in their languages: a password there is a label. */
  readonly isLocale: boolean;
  /** Written by a tool and full of digests: only exact formats are looked for. */
  readonly isGenerated: boolean;
};

const CODE =
  'js jsx ts tsx mjs cjs mts cts vue svelte astro py pyi pyx go java kt kts scala groovy gradle cs vb fs php rb rs swift c h cc cpp cxx hpp m mm dart ex exs erl hs clj cljs lua pl pm r jl ps1 psm1 sql tf hcl bicep css scss less json json5 jsonc ipynb toml proto graphql sol coffee nim zig jsonnet cue tpl jinja j2';
const SETTINGS = 'ini cfg conf config properties props cnf editorconfig service desktop reg netrc rc http rest';
const MARKUP =
  'xml html htm xhtml svg plist csproj vbproj xaml jsp aspx config resx wsdl pom xsd jspx cshtml razor erb ejs hbs mustache twig';
const PROSE = 'md markdown mdx rst txt adoc asciidoc org tex log csv tsv out diff patch';
const SYNTAXES = new Map<string, Syntax>([
  ...CODE.split(' ').map((name) => [name, 'code'] as const),
  ...SETTINGS.split(' ').map((name) => [name, 'settings'] as const),
  ...MARKUP.split(' ').map((name) => [name, 'markup'] as const),
  ...PROSE.split(' ').map((name) => [name, 'prose'] as const),
  ['yml', 'yaml'],
  ['yaml', 'yaml'],
  ['sh', 'shell'],
  ['bash', 'shell'],
  ['zsh', 'shell'],
  ['env', 'shell'],
  ['tfvars', 'code'],
  ['bat', 'shell'],
  ['cmd', 'shell'],
]);

const GENERATED =
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|go\.sum|Cargo\.lock|poetry\.lock|uv\.lock|pdm\.lock|Pipfile\.lock|composer\.lock|Gemfile\.lock|mix\.lock|pubspec\.lock|packages\.lock\.json|gradle\.lockfile|flake\.lock|Package\.resolved|Podfile\.lock|verification-metadata\.xml|SHA256SUMS|checksums\.txt|RECORD)$|\.(?:map|min\.js|min\.css|bundle\.js|chunk\.js|svg|lock|sum|pb\.go|pyc|snap|pem\.pub)$/i;
const SAMPLE =
  /(?:^|\/)(?:t|tests?|testing|units?|integration|smoke|functional|__tests__|specs?|testdata|test-data|fixtures?|__fixtures__|__mocks__|mocks?|examples?|samples?|demos?|docs?|documentation|e2e|cypress|benchmarks?|stories)(?:\/|$)|(?:[._-](?:test|tests|spec|mock|example|sample|fixture|stories|e2e)|_test)\.[^/]*$|(?:^|\/)test_[^/]*\.py$|Tests?\.(?:java|kt|cs|php|swift|scala)$|\.(?:md|markdown|mdx|rst|adoc|asciidoc)$|\.(?:example|sample|dist|template|tmpl)$/i;
const LOCALE =
  /(?:^|\/)(?:locales?|i18n|l10n|lang|langs|languages?|translations?|intl|nls)(?:\/|$)|(?:^|[/_.-])(?:messages|translations?)[._-][\w-]*\.?\w*$|\.(?:po|pot|xlf|xliff|resx|strings|arb|ftl)$/i;

/** Pictures, sound, fonts, programs: bytes that are no text are expected there. Archives and stores of keys are not among them. */
const MEDIA =
  /\.(?:png|jpe?g|gif|webp|bmp|ico|icns|tiff?|psd|avif|heic|mp[34]|m4[av]|mov|avi|mkv|webm|wav|flac|ogg|woff2?|ttf|otf|eot|exe|dll|so|dylib|a|o|obj|lib|class|pyc|pyo|wasm|node|pdb|pdf|parquet|npy|npz|h5|onnx|pt|safetensors|gguf)$/i;

/** Whether a file of that name is one without text. Only its bytes say whether it is. */
export function isMediaName(path: string): boolean {
  return MEDIA.test(path);
}

/** What a path says of the file. */
export function sortOf(path: string): FileSort {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const bare = name.replace(
    /\.(?:example|sample|dist|template|tmpl|bak|old|orig|backup|local|prod|production|dev|staging|erb|j2)$/,
    '',
  );
  const extension = bare.includes('.') ? bare.slice(bare.lastIndexOf('.') + 1) : '';
  return {
    syntax: syntaxOf(name, bare, extension),
    extension,
    isSample: SAMPLE.test(path),
    isLocale: LOCALE.test(path),
    isGenerated: GENERATED.test(path),
  };
}

function syntaxOf(name: string, bare: string, extension: string): Syntax {
  if (
    /^\.?env(?:\.|rc|$)|\.env$|^\.envrc|^(?:docker|container)file|\.dockerfile$|^makefile|^\.(?:bash|zsh|profile)/.test(
      name,
    )
  )
    return 'shell';
  if (/^(?:web|app|machine|nuget|packages)(?:\.\w+)?\.config$/.test(name)) return 'markup';
  return SYNTAXES.get(extension) ?? SYNTAXES.get(bare) ?? (extension === '' ? 'settings' : 'settings');
}
