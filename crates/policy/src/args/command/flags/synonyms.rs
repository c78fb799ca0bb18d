//! The flags that programs know by several names.

/// Programs, and their flags: what stands together is one flag.
type Synonyms = (&'static [&'static str], &'static [&'static [&'static str]]);

const SYNONYMS: &[Synonyms] = &[
    (&["rm", "grm"], &[&["-r", "-R", "--recursive"], &["-f", "--force"], &["-d", "--dir"]]),
    (
        &["cp", "gcp"],
        &[
            &["-r", "-R", "--recursive"],
            &["-f", "--force"],
            &["-a", "--archive"],
            &["-l", "--link"],
            &["-s", "--symbolic-link"],
            &["-t", "--target-directory"],
        ],
    ),
    (&["mv", "gmv"], &[&["-f", "--force"], &["-t", "--target-directory"]]),
    (&["ln", "gln"], &[&["-s", "--symbolic"], &["-f", "--force"]]),
    (&["mkdir", "rmdir"], &[&["-p", "--parents"], &["-m", "--mode"]]),
    // `chmod -r` takes away a right.
    (&["chmod", "chown", "chgrp", "chattr", "setfacl"], &[&["-R", "--recursive"]]),
    (&["ls", "gls"], &[&["-R", "--recursive"], &["-a", "--all"]]),
    (
        &["grep", "egrep", "fgrep", "ggrep"],
        &[&["-r", "-R", "--recursive", "--dereference-recursive"], &["-f", "--file"], &["-e", "--regexp"]],
    ),
    (
        &["sed", "gsed"],
        &[&["-i", "--in-place"], &["-n", "--quiet", "--silent"], &["-e", "--expression"], &["-f", "--file"]],
    ),
    (
        &["tar", "gtar", "bsdtar"],
        &[
            &["-x", "--extract", "--get"],
            &["-c", "--create"],
            &["-f", "--file"],
            &["-C", "--directory", "--cd"],
            &["-P", "--absolute-names", "--absolute-paths"],
            &["-T", "--files-from"],
            &["-I", "--use-compress-program"],
        ],
    ),
    (
        &["git"],
        &[
            &["-f", "--force"],
            &["-d", "--delete"],
            &["-a", "--all"],
            &["-m", "--message"],
            &["-o", "--output"],
            &["-u", "--set-upstream"],
            &["-i", "--interactive"],
        ],
    ),
    (
        &["curl"],
        &[
            &["-o", "--output"],
            &["-O", "--remote-name"],
            &["-d", "--data", "--data-ascii"],
            &["-F", "--form"],
            &["-T", "--upload-file"],
            &["-K", "--config"],
            &["-X", "--request"],
            &["-H", "--header"],
            &["-k", "--insecure"],
            &["-x", "--proxy"],
            &["-u", "--user"],
            &["-L", "--location"],
        ],
    ),
    (
        &["wget", "wget2"],
        &[
            &["-O", "--output-document"],
            &["-i", "--input-file"],
            &["-e", "--execute"],
            &["-r", "--recursive"],
            &["-P", "--directory-prefix"],
        ],
    ),
    (
        &["docker", "podman", "nerdctl"],
        &[
            &["-v", "--volume"],
            &["-e", "--env"],
            &["-d", "--detach"],
            &["-p", "--publish"],
            &["-u", "--user"],
            &["-f", "--force", "--file"],
            &["-a", "--all"],
        ],
    ),
    (
        &["kubectl", "oc"],
        &[&["-f", "--filename"], &["-n", "--namespace"], &["-A", "--all-namespaces"], &["-k", "--kustomize"]],
    ),
    (&["sudo"], &[&["-u", "--user"], &["-s", "--shell"], &["-i", "--login"], &["-E", "--preserve-env"]]),
    (&["rsync"], &[&["-r", "--recursive"], &["-a", "--archive"], &["-e", "--rsh"]]),
    (&["find", "gfind"], &[&["-exec", "-execdir", "-ok", "-okdir"]]),
    (&["kill", "pkill", "killall"], &[&["-9", "-KILL", "-SIGKILL", "-kill", "-sigkill"]]),
    (&["npm", "pnpm", "yarn"], &[&["-g", "--global"], &["-f", "--force"], &["-D", "--save-dev"]]),
    (
        &["pip", "pip3"],
        &[&["-i", "--index-url"], &["-r", "--requirement"], &["-e", "--editable"], &["-t", "--target"]],
    ),
    (
        &["make", "gmake"],
        &[&["-C", "--directory"], &["-f", "--file", "--makefile"], &["-e", "--environment-overrides"]],
    ),
    (&["zip"], &[&["-r", "--recurse-paths"], &["-m", "--move"]]),
    (&["gzip", "xz", "bzip2", "zstd"], &[&["-d", "--decompress", "--uncompress"], &["-f", "--force"]]),
    (&["env"], &[&["-i", "--ignore-environment"], &["-S", "--split-string"]]),
    (&["shred"], &[&["-u", "--remove"], &["-f", "--force"]]),
    (&["userdel", "deluser"], &[&["-r", "--remove"], &["-f", "--force"]]),
    (&["psql"], &[&["-c", "--command"], &["-f", "--file"]]),
    (&["mysql", "mariadb"], &[&["-e", "--execute"]]),
];

/// The other names of a flag.
pub(super) fn of<'f>(program: &'f str, flag: &'f str) -> impl Iterator<Item = &'static str> + 'f {
    SYNONYMS
        .iter()
        .filter(move |(programs, _)| programs.contains(&program))
        .flat_map(|(_, flags)| flags.iter().copied())
        .filter(move |names| names.contains(&flag))
        .flat_map(|names| names.iter().copied())
        .filter(move |name| *name != flag)
}
