/**
 * What each of Go's own packages uses of the others, of Go 1.26: the edges that follow from others are left out, and what lies in
 * `internal` stands for what it uses itself.
 */
const USES = `
archive/tar: bytes maps os/user path/filepath
archive/zip: compress/flate encoding/binary hash/crc32 path/filepath
bufio: bytes strings
bytes: io iter unicode unicode/utf8
compress/bzip2: bufio slices
compress/flate: bufio fmt sort
compress/gzip: compress/flate encoding/binary hash/crc32
compress/lzw: bufio fmt
compress/zlib: compress/flate encoding/binary hash/adler32
container/heap: sort
context: time
crypto: hash strconv
crypto/aes: crypto crypto/cipher
crypto/cipher: crypto/fips140 crypto/subtle math os strconv
crypto/des: crypto/cipher
crypto/dsa: crypto crypto/cipher math/big math/rand/v2
crypto/ecdh: crypto crypto/cipher math/rand/v2
crypto/ecdsa: crypto/ecdh crypto/elliptic crypto/sha3 crypto/sha512 encoding/asn1 weak
crypto/ed25519: crypto/rand weak
crypto/elliptic: hash math/big
crypto/fips140: bytes hash strings
crypto/hkdf: crypto/fips140 crypto/sha3 math os
crypto/hmac: crypto/cipher crypto/sha3
crypto/hpke: crypto/ecdh crypto/hkdf crypto/mlkem crypto/sha256 crypto/sha512 encoding/binary fmt
crypto/md5: crypto crypto/fips140 math os
crypto/mlkem: bytes crypto math os strings
crypto/mlkem/mlkemtest: crypto/fips140 crypto/mlkem
crypto/pbkdf2: crypto/fips140 crypto/sha3 math os
crypto/rand: crypto crypto/cipher math/big math/rand/v2
crypto/rc4: crypto/fips140 math os strconv
crypto/rsa: crypto/rand crypto/sha3
crypto/sha1: crypto crypto/cipher
crypto/sha256: crypto crypto/cipher
crypto/sha3: bytes crypto strings
crypto/sha512: crypto crypto/cipher
crypto/subtle: math/bits
crypto/tls: container/list crypto/hmac crypto/hpke crypto/rc4 crypto/x509 sort
crypto/x509: crypto/aes crypto/des crypto/dsa crypto/ecdsa crypto/ed25519 crypto/md5 crypto/rsa crypto/sha1 crypto/sha256 crypto/x509/pkix encoding/pem maps net net/url path/filepath
crypto/x509/pkix: encoding/asn1 encoding/hex
database/sql: bytes database/sql/driver maps math/rand/v2
database/sql/driver: context fmt
debug/buildinfo: debug/elf debug/macho debug/pe debug/plan9obj runtime/debug
debug/dwarf: bytes encoding/binary fmt sort strings
debug/elf: compress/zlib debug/dwarf
debug/gosym: bytes encoding/binary fmt sort strings
debug/macho: compress/zlib debug/dwarf
debug/pe: compress/zlib debug/dwarf
debug/plan9obj: encoding/binary fmt
embed: io/fs
encoding/ascii85: io strconv
encoding/asn1: math/big unicode/utf16
encoding/base32: io slices strconv
encoding/base64: io slices strconv
encoding/binary: io reflect slices
encoding/csv: bufio fmt
encoding/gob: bufio encoding encoding/binary fmt maps
encoding/hex: fmt strings
encoding/json: bytes encoding encoding/base64 fmt strings unicode/utf16
encoding/pem: bytes encoding/base64 strings
encoding/xml: bufio encoding fmt
errors: runtime
expvar: encoding/json net/http
flag: encoding fmt strings
fmt: os reflect
go/ast: go/scanner
go/build: bufio go/doc go/parser os/exec
go/build/constraint: strconv strings
go/constant: go/token math/big
go/doc: go/ast go/doc/comment regexp
go/doc/comment: bytes fmt sort strings
go/format: go/parser go/printer
go/importer: crypto/sha256 debug/elf go/build go/types text/scanner
go/parser: go/ast go/build/constraint
go/printer: go/ast go/build/constraint go/doc/comment text/tabwriter
go/scanner: bytes go/token path/filepath sort
go/token: fmt
go/types: container/heap go/constant go/parser go/version
go/version: cmp strings
hash: io
hash/adler32: hash
hash/crc32: hash
hash/crc64: hash
hash/fnv: hash
hash/maphash: hash
html: strings
html/template: encoding/json html regexp text/template
image: bufio image/color strconv
image/color/palette: image/color
image/draw: image
image/gif: compress/lzw image/color/palette image/draw
image/jpeg: image
image/png: compress/zlib hash/crc32 image
index/suffixarray: encoding/binary regexp
io: errors sync
io/fs: io path time
io/ioutil: os strings
iter: runtime
log: fmt
log/slog: context encoding/json log
log/syslog: log net strings
maps: iter
math: math/bits
math/big: bytes fmt math/rand strings
math/bits: unsafe
math/cmplx: math
math/rand: math sync
math/rand/v2: errors math
mime: bufio encoding/base64 fmt maps
mime/multipart: crypto/rand mime mime/quotedprintable net/textproto path/filepath
mime/quotedprintable: bufio fmt
net: context net/netip os
net/http: compress/gzip log mime/multipart net/http/httptrace
net/http/cgi: net/http os/exec regexp
net/http/cookiejar: net/http
net/http/fcgi: net/http/cgi
net/http/httptest: flag net/http
net/http/httptrace: crypto/tls net/textproto
net/http/httputil: net/http
net/http/pprof: html net/http regexp runtime/pprof runtime/trace
net/mail: log mime net/textproto
net/netip: cmp math strconv unique
net/rpc: encoding/gob go/token html/template net/http
net/rpc/jsonrpc: net/rpc
net/smtp: crypto/tls net/textproto
net/textproto: bufio fmt net
net/url: bytes fmt net/netip strings
os: io/fs
os/exec: bytes context path/filepath strconv
os/signal: context os
os/user: fmt strings
path: errors unicode/utf8
path/filepath: os strings
plugin: errors sync
reflect: iter math strconv sync unicode
regexp: bytes regexp/syntax
regexp/syntax: sort strconv strings
runtime: math/bits
runtime/cgo: sync
runtime/coverage: bufio encoding/binary encoding/json hash/fnv maps path/filepath regexp text/tabwriter
runtime/debug: fmt strings
runtime/metrics: math runtime
runtime/pprof: compress/gzip context text/tabwriter
runtime/trace: context fmt
slices: cmp iter
sort: slices
strconv: errors unicode/utf8
strings: io iter unicode unicode/utf8
sync: runtime sync/atomic
sync/atomic: unsafe
syscall: errors slices sync
testing: bufio flag math/rand path/filepath runtime/debug runtime/trace
testing/cryptotest: crypto/rand testing
testing/fstest: maps strings testing/iotest
testing/iotest: bytes log
testing/quick: flag math/rand
testing/slogtest: log/slog testing
testing/synctest: testing
text/scanner: bytes fmt
text/tabwriter: fmt
text/template: maps net/url path/filepath text/template/parse
text/template/parse: bytes fmt strings
time: syscall
time/tzdata: syscall
unique: sync weak
weak: runtime
`;

let table: ReadonlyMap<string, readonly string[]> | undefined;

/** All of Go's own packages that a package uses, directly or through others. */
export function* standardUses(name: string): Iterable<string> {
  table ??= new Map(
    USES.trim()
      .split('\n')
      .map((line) => {
        const [user = '', used = ''] = line.split(': ');
        return [user, used.split(' ')];
      }),
  );
  const seen = new Set([name]);
  for (const user of seen) {
    for (const used of table.get(user) ?? []) {
      if (seen.has(used)) continue;
      seen.add(used);
      yield used;
    }
  }
}

/** Whether the table knows who uses a package. Flaws of internal packages lie below several public ones. */
export function isStandard(name: string): boolean {
  return !name.split('/').includes('internal') && !name.startsWith('cmd');
}
