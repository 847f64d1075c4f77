/** Names that look-alikes imitate, of the most used packages. Also what a name that is near another may rightly be. */
const NPM = `accepts acorn ajv angular ansi-colors ansi-regex ansi-styles ansicolors apollo-server archiver async autoprefixer aws-sdk axios
babel-core babel-eslint babel-jest babel-loader bcrypt bcryptjs bluebird body-parser bootstrap browserify browserslist bunyan camelcase
chai chalk cheerio chokidar classnames clean-css cli-table colors color commander commitizen compression concurrently connect
content-type cookie cookie-parser copy-webpack-plugin core-js cors coveralls cross-env cross-fetch cross-spawn cross-var crypto-js css-loader
cypress date-fns dayjs debug deepmerge del discord.js dotenv ejs electron electron-builder ember-cli esbuild eslint eslint-config-airbnb
eslint-config-prettier eslint-plugin-import eslint-plugin-jest eslint-plugin-node eslint-plugin-prettier eslint-plugin-react ethers
eventemitter3 execa express express-session extend fastify ffmpeg file-loader firebase firebase-admin follow-redirects form-data formik
fs-extra fs.extra gatsby glob globby got graphql graphql-tag gulp handlebars helmet highlight.js history html-webpack-plugin http-proxy
http-proxy-middleware http-errors husky iconv-lite immer immutable inherits inquirer ioredis jasmine jest jest-cli joi jquery js-yaml jsdom
json5 jsonwebtoken karma kleur knex koa koa-router left-pad less lerna lint-staged lodash lodash-es lodash.merge log4js loader-utils lru-cache
luxon marked material-ui memcached merge mime mime-types mini-css-extract-plugin minimatch minimist mkdirp mocha moment moment-timezone
mongodb mongoose morgan mqtt multer mysql mysql2 nanoid next nock node-fetch node-forge node-gyp node-sass nodemailer nodemon npm nuxt nyc
object-assign object.assign openai opencc opencv openssl ora parcel passport passport-jwt path-to-regexp pg pino playwright postcss postcss-loader preact prettier
prisma prismjs progress prop-types protobufjs proxy-agent puppeteer puppeteer-core qs query-string querystring ramda raf react react-dom react-native
react-redux react-router react-router-dom react-scripts react-select redis redux redux-saga redux-thunk reflect-metadata request requests
request-promise resolve rimraf rollup rxjs safe-buffer sass sass-loader selenium-webdriver semver sequelize serve sharp shelljs sinon
socket.io socket.io-client sqlite3 storybook stripe style-loader styled-components stylelint supertest svelte svgo tailwindcss tape terser
three through2 tinycolor2 ts-jest ts-loader ts-node tslib tslint ttypescript turbo twilio type-fest typeorm typescript ua-parser-js uglify-js
underscore undici uuid validator vite vitest vue vue-router vuex web3 webpack webpack-cli webpack-dev-server winston ws xml2js xmlbuilder
yargs yargs-parser yeoman-generator yup zod zone.js zustand`;

const PYPI = `aiohttp alembic altair amqp anyio apache-airflow apscheduler argon2-cffi arrow asgiref asyncpg attrs azure-core babel bcrypt
beautifulsoup4 black bleach bokeh boto boto3 botocore bottle cachetools cchardet celery certifi cffi chardet charset-normalizer click cloudpickle
colorama configparser coverage cryptography cython dash dask databricks-cli dateparser decorator discord discord.py distro django
django-cors-headers django-filter djangorestframework dnspython docker docutils elasticsearch fabric fastapi filelock flake8 flask
flask-cors flask-login flask-sqlalchemy flask-wtf fonttools fsspec future gevent gitpython google-api-core google-auth google-cloud-storage
graphene greenlet grpcio gunicorn h5py hiredis html5lib httplib2 httpx huggingface-hub hypothesis idna ijson imageio importlib-metadata ipython
isort itsdangerous jinja2 jmespath joblib jsonschema jupyter keras kombu kubernetes langchain lightgbm lxml mako markdown markupsafe
marshmallow matplotlib mock more-itertools msgpack mypy mysqlclient networkx nltk notebook numba numpy oauthlib openai opencc-python opencv-python
openpyxl orjson packaging pandas paramiko passlib pathlib pendulum pexpect pillow pip pipenv playwright plotly pluggy poetry polars
prettytable prometheus-client protobuf psutil psycopg2 psycopg2-binary pyarrow pyaml pyasn1 pycparser pycryptodome pydantic pygments pyinstaller
pyjwt pylint pymongo pymysql pynacl pyodbc pyopenssl pyparsing pyserial pyspark pytest pytest-cov python-dateutil python-dotenv
python-jose python-multipart pytz pywin32 pyyaml pyzmq ray redis regex requests requests-oauthlib rich rsa ruamel.yaml ruff s3fs s3transfer
scikit-image scikit-learn scipy scrapy seaborn selenium sentry-sdk setuptools shapely shapley simplejson six snowflake-connector-python soupsieve
spacy sphinx sqlalchemy sqlparse starlette statsmodels streamlit sympy tabulate tenacity tensorboard tensorflow termcolor toml tomli
toolz torch torchvision tornado tox tqdm transformers twine typer typing-extensions tzdata ujson urllib3 usort uvicorn virtualenv watchdog
websocket-client websockets werkzeug wheel wrapt xgboost xlrd xlsxwriter yapf yarl zipp zope.interface`;

export const POPULAR: ReadonlyMap<string, readonly string[]> = new Map([
  ['npm', NPM.split(/\s+/)],
  ['PyPI', PYPI.split(/\s+/).map((name) => name.replaceAll(/[-_.]+/g, '-'))],
]);

/** Packages that are known to build or fetch something when they are installed: their install scripts are no news. */
export const BUILDS_ON_INSTALL: ReadonlySet<string> = new Set(
  `@apollo/rover @biomejs/biome @bufbuild/buf @contrast/fn-inspect @datadog/native-appsec @datadog/native-metrics @datadog/pprof
@firebase/util @fortawesome/fontawesome-common-types @fortawesome/fontawesome-svg-core @fortawesome/free-solid-svg-icons
@fortawesome/react-fontawesome @mongodb-js/zstd @nestjs/core @newrelic/native-metrics @parcel/watcher @prisma/client @prisma/engines
@sentry/cli @sentry/profiling-node @swc/core @tailwindcss/oxide @tree-sitter-grammars/tree-sitter-yaml @vscode/ripgrep @vscode/sqlite3
aws-sdk babel-runtime bcrypt better-sqlite3 bufferutil canvas chromedriver classic-level core-js core-js-pure cpu-features cwebp-bin
cypress deasync dtrace-provider electron ejs es5-ext esbuild ffmpeg-static fibers fsevents geckodriver gifsicle git-hooks husky iltorb
jpegtran-bin keytar kerberos leveldown libpq libsodium-native libxmljs libxmljs2 lmdb lefthook microtime mongodb-memory-server mozjpeg
msgpackr-extract msw napi-postinstall nice-napi node-pty node-rdkafka node-sass nodegit nodemon ngrok nx oracledb optipng-bin parcel
phantomjs-prebuilt playwright playwright-chromium pngquant-bin preact prebuild-install pre-commit prisma protobufjs puppeteer re2
rocksdb robotjs segfault-handler sharp sass-embedded simple-git-hooks sodium-native snappy spawn-sync sqlite3 ssh2 styled-components
tiny-secp256k1 tree-sitter tree-sitter-json truffle unrs-resolver usb utf-8-validate vue-demi web3 web3-bzz web3-shh websocket
workerd yarn yorkie zeromq`
    .split(/\s+/)
    .filter((name) => name !== ''),
);
