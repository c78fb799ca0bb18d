//! Programs that connect to hosts, and which of their words these are.

use super::HostFact;
use crate::command::Word;
use crate::command::unwrap::{Known, Others, options};

/// A program that connects to hosts among its operands.
pub(super) struct Client {
    pub(super) names: &'static [&'static str],
    known: Known,
    operands: Operands,
    /// Options whose value is a host.
    valued: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operands {
    All,
    First,
    /// `host:path`, `user@host:path`
    Remote,
    None,
}

pub(super) const CLIENTS: &[Client] = &[
    Client {
        names: &["curl"],
        known: Known {
            short: "A:b:c:C:d:D:e:E:F:h:H:K:m:o:P:Q:r:t:T:u:U:w:x:X:y:Y:z:",
            long: &[
                "user-agent=",
                "cookie=",
                "cookie-jar=",
                "data=",
                "data-raw=",
                "data-binary=",
                "data-urlencode=",
                "data-ascii=",
                "json=",
                "dump-header=",
                "referer=",
                "cert=",
                "key=",
                "cacert=",
                "form=",
                "form-string=",
                "header=",
                "max-time=",
                "connect-timeout=",
                "output=",
                "output-dir=",
                "range=",
                "upload-file=",
                "user=",
                "write-out=",
                "proxy=",
                "request=",
                "retry=",
                "retry-delay=",
                "limit-rate=",
                "resolve=",
                "connect-to=",
                "max-filesize=",
                "preproxy=",
                "socks5=",
                "socks5-hostname=",
                "socks4=",
                "doh-url=",
                "url=",
                "url-query=",
                "max-redirs=",
                "interface=",
                "variable=",
            ],
            others: Others::Flags,
        },
        operands: Operands::All,
        valued: &["x", "proxy", "preproxy", "socks5", "socks5-hostname", "socks4", "doh-url", "url"],
    },
    Client {
        names: &["wget", "wget2"],
        known: Known {
            short: "a:A:B:D:e:G:I:l:o:O:P:Q:R:t:T:U:w:X:i:",
            long: &[
                "output-document=",
                "output-file=",
                "append-output=",
                "input-file=",
                "base=",
                "config=",
                "tries=",
                "timeout=",
                "wait=",
                "limit-rate=",
                "user=",
                "password=",
                "user-agent=",
                "header=",
                "post-data=",
                "post-file=",
                "method=",
                "body-data=",
                "body-file=",
                "directory-prefix=",
                "referer=",
                "load-cookies=",
                "save-cookies=",
                "execute=",
            ],
            others: Others::Flags,
        },
        operands: Operands::All,
        valued: &["B", "base"],
    },
    Client {
        names: &[
            "http",
            "https",
            "xh",
            "xhs",
            "aria2c",
            "lynx",
            "w3m",
            "links",
            "elinks",
            "httpie",
            "ab",
            "wrk",
            "hey",
            "websocat",
            "wscat",
            "grpcurl",
            "axel",
            "invoke-webrequest",
            "iwr",
            "irm",
            "invoke-restmethod",
        ],
        known: Known { short: "", long: &[], others: Others::Flags },
        operands: Operands::All,
        valued: &[],
    },
    Client {
        names: &["ssh", "autossh", "mosh", "slogin"],
        known: Known {
            short: "46AaCfGgKkMNnqsTtVvXxYyB:b:c:D:E:e:F:I:i:J:L:l:m:O:o:P:p:Q:R:S:W:w:",
            long: &[],
            others: Others::Flags,
        },
        operands: Operands::First,
        valued: &["J"],
    },
    Client {
        names: &[
            "nc",
            "ncat",
            "netcat",
            "telnet",
            "ftp",
            "sftp",
            "lftp",
            "ping",
            "ping6",
            "traceroute",
            "tracepath",
            "mtr",
            "whois",
            "nmap",
            "rdesktop",
            "vncviewer",
            "rlogin",
            "rsh",
        ],
        known: Known {
            short: "w:p:s:q:i:c:e:x:X:o:l:b:B:F:P:m:t:W:n:",
            long: &["exec=", "sh-exec=", "proxy=", "wait=", "source="],
            others: Others::Flags,
        },
        operands: Operands::First,
        valued: &["x", "proxy"],
    },
    Client {
        names: &["dig", "nslookup", "host", "drill", "kdig", "resolvectl", "getent"],
        known: Known { short: "t:c:p:b:f:k:q:x:y:", long: &[], others: Others::Flags },
        operands: Operands::All,
        valued: &["q", "x"],
    },
    Client {
        names: &["scp", "sftp"],
        known: Known { short: "346ABCOpqRrTvc:D:F:i:J:l:o:P:S:X:b:s:", long: &[], others: Others::Flags },
        operands: Operands::Remote,
        valued: &["J"],
    },
    Client {
        names: &["rsync", "git", "rclone"],
        known: Known { short: "", long: &[], others: Others::Flags },
        operands: Operands::Remote,
        valued: &[],
    },
    Client {
        names: &[
            "psql",
            "pg_dump",
            "mysql",
            "mysqldump",
            "mariadb",
            "redis-cli",
            "mongosh",
            "mongo",
            "openssl",
            "sqlcmd",
            "ldapsearch",
            "mosquitto_pub",
            "smbclient",
        ],
        known: Known { short: "h:H:p:U:u:d:", long: &["host=", "connect="], others: Others::Flags },
        operands: Operands::None,
        valued: &["h", "H", "host", "connect"],
    },
];

impl Client {
    pub(super) fn hosts(&self, words: &[Word], out: &mut Vec<HostFact>) {
        // `-connect host:port`: names behind one dash.
        for pair in words.windows(2) {
            if let [option, value] = pair
                && let Some(name) = option.text.strip_prefix('-')
                && name.len() > 1
                && self.valued.contains(&name)
            {
                add(value, true, out);
            }
        }
        let mut operands = 0usize;
        let mut from = 1;
        while from < words.len() {
            let options = options::read(words, from, self.known);
            for (name, value) in &options.given {
                if let Some(value) = value.as_ref().filter(|_| self.valued.contains(name)) {
                    add(value, true, out);
                }
            }
            let Some(word) = words.get(options.operands) else { return };
            from = options.operands.saturating_add(1);
            operands = operands.saturating_add(1);
            match self.operands {
                Operands::All => add(word, true, out),
                Operands::First if operands == 1 => add(word, true, out),
                Operands::Remote => {
                    for text in word.texts().filter(|text| !text.contains("://")) {
                        if let Some((host, _)) =
                            text.split_once(':').filter(|(host, _)| !host.contains('/') && host.len() > 1)
                        {
                            add(&Word { text: host.to_owned(), ..word.clone() }, true, out);
                        }
                    }
                }
                Operands::First | Operands::None => {}
            }
        }
    }
}

/// True if `curl` makes several files of one: `file:///{a,b}`, `-T '{a,b}'`, or reads which ones from another.
pub(super) fn multiplies_files(words: &[Word]) -> bool {
    let Some(curl) = CLIENTS.iter().find(|client| client.names.contains(&"curl")) else { return false };
    let open = |word: &Word| word.texts().any(|text| text.contains(['{', '[']));
    let file = |word: &Word| word.texts().any(|text| text.to_ascii_lowercase().starts_with("file:"));
    let mut from = 1;
    while from < words.len() {
        let options = options::read(words, from, curl.known);
        let lists = options.given.iter().any(|(name, value)| match (*name, value) {
            ("T" | "upload-file", Some(value)) => open(value),
            ("url", Some(value)) => open(value) && file(value),
            _ => false,
        });
        if lists || words.get(options.operands).is_some_and(|word| open(word) && file(word)) {
            return true;
        }
        from = options.operands.saturating_add(1);
    }
    false
}

fn add(word: &Word, named: bool, out: &mut Vec<HostFact>) {
    for text in word.texts() {
        // `user@host`, `@server` of dig, `[user@]host:port`
        let bare =
            if text.contains("://") { text } else { text.rsplit_once('@').map_or(text, |(_, host)| host) };
        let unknown = word.unknown.is_some_and(|_| word.guessed || !host_is_known(bare));
        out.push(HostFact { text: bare.to_owned(), unknown, named });
    }
}

/// The host of a URL is known where all that is not known comes behind it.
fn host_is_known(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let Some(end) = rest.find(['/', '?', '#']) else { return false };
    let host = rest.get(..end).unwrap_or_default();
    !scheme.contains(['$', '`']) && !host.contains(['$', '`', '@'])
}
