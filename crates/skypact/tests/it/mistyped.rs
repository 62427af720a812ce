//! What an officer mistypes: for each command a slip, the exit code and the code that it ends with, and what the message has to say.

use crate::command_ground::{Ground, Node, pact, refuse, skypact, succeed};

/// Arguments, exit code, stable code, and a part of the message.
type Slip = (&'static str, i32, &'static str, &'static str);

/// Slips that need no node: `|` stands between arguments, `@RED`, `@BLUE` and `@TMP` for directories.
const WITHOUT_NODE: [Slip; 38] = [
    ("init|--dir|@TMP/x|--party|red|--prefix|red.example", 2, "field-invalid", "A-Z, 0-9 and hyphen"),
    ("init|--dir|@TMP/x|--party|RED|--prefix|red example", 2, "field-invalid", "1 to 128 of"),
    ("init|--dir|@TMP/x|--party|RED|--prefix|r.ex|--officer|a/b", 2, "field-invalid", "without slashes"),
    ("init|--dir|@TMP/x|--party|RED", 2, "arguments-invalid", "--prefix"),
    ("init|--dir|@TMP/x|--witness|w w", 2, "field-invalid", "1 to 128 of"),
    ("init|--dir|@TMP/x|--monitor|M M", 2, "field-invalid", "a-z, 0-9 and hyphen"),
    (
        "pact|terms|--of|@TMP/none",
        2,
        "file-unusable",
        "there is no such file or directory; give the file that 'skypact pact propose",
    ),
    ("pact|propose|--dir|@RED|--with|@TMP/none|--name|x|--out|@TMP/y", 2, "file-unusable", "give a party's card"),
    ("pact|propose|--dir|@RED|--with|@BLUE/party.card|--name|East River|--out|@TMP/y", 2, "field-invalid", "a-z, 0-9"),
    (
        "pact|propose|--dir|@RED|--with|@BLUE/party.card|--name|x|--lateral|5|--out|@TMP/y",
        2,
        "field-invalid",
        "needs a unit",
    ),
    ("pact|sign|--dir|@RED|@TMP/none", 2, "file-unusable", "skypact pact propose"),
    ("pact|show|@RED/node.toml", 2, "file-unusable", "unknown field"),
    ("pact|diff|@RED/node.toml|@TMP/none", 2, "file-unusable", "unknown field"),
    ("serve|--dir|@TMP/none", 2, "file-unusable", "skypact init"),
    ("serve|--dir|@RED|--exercise-clock|9:00", 2, "field-invalid", "write 2017-04-07T09:00:00Z"),
    ("witness|--dir|@RED|--listen|7010", 2, "arguments-invalid", "--listen"),
    ("monitor|--dir|@TMP/none", 2, "arguments-invalid", "--node"),
    ("dss|--dir|@TMP/x|--listen|8082", 2, "arguments-invalid", "--listen"),
    ("notice|list|--dir|@TMP/none", 4, "node-not-reachable", "skypact serve"),
    (
        "plan|keep|a/b|--upper|FL100|--circle|35,40,1km|--from|2099-04-07T09:00:00Z|--until|2099-04-07T10:00:00Z|--dir|@RED",
        2,
        "field-invalid",
        "name of a file",
    ),
    ("plan|keep|x|--dir|@RED", 2, "field-missing", "from: say when"),
    ("plan|drop|IL 21|--dir|@RED", 2, "plan-unknown", "no plan 'IL 21' is kept here; none is"),
    ("protect|trace|@TMP/none|--dir|@RED", 5, "io", "none: there is no such file or directory; check the path"),
    ("verify|@TMP/none", 2, "file-unusable", "none: there is no such file or directory; check the path"),
    ("fork|list|--dir|@TMP/none", 5, "store-absent", "check the path"),
    ("fork|verify|@TMP/none|--pact|@RED/pacts/east-river.pact", 2, "file-unusable", "there is no such file"),
    ("token|new|--dir|@RED|--officer|Dutty officer", 2, "officer-unknown", "has no officer 'Dutty officer'"),
    ("token|revoke|--dir|@RED|00", 2, "file-unusable", "skypact token list"),
    ("demo|--scenario|9", 2, "field-invalid", "1 (Routine day)"),
    ("bench|channle", 2, "arguments-invalid", "channel"),
    ("completions|fishy", 2, "arguments-invalid", "'fish'"),
    ("position|35.2854,40.1760", 2, "hemisphere-missing", "35.2854N 040.1760E"),
    ("notise|list", 2, "arguments-invalid", "'notice'"),
    ("notice|template|--format|csv", 2, "arguments-invalid", "--format"),
    ("case|sign|00|none|--key|none|--out|x", 2, "field-invalid", "give all 64 digits"),
    ("hotline|phrases|--language|xx", 2, "field-invalid", "write en, ru or ar"),
    ("key|make|--dir|@RED|--role|mirorr", 2, "arguments-invalid", "'mirror'"),
    ("key|rotate|--dir|@RED|--role|chekpoint", 2, "arguments-invalid", "'checkpoint'"),
];

/// What commands that sign nothing begin with: they take no officer.
const NOT_OF_OFFICERS: [&str; 8] =
    ["inbox", "health", "officer", "export-bundle", "statements", "notice|export", "hotline|read", "record"];

/// Slips at a node that runs, of its duty officer.
const AT_NODE: [Slip; 90] = [
    (
        "notice|file|--circle|35,40,5NM|--upper|FL18000|--from|2099-04-07T09:00:00Z|--until|2099-04-07T10:00:00Z",
        2,
        "field-invalid",
        "three digits: FL180",
    ),
    (
        "notice|file|--circle|35,40,0NM|--upper|FL100|--from|2099-04-07T09:00:00Z|--until|2099-04-07T10:00:00Z",
        2,
        "field-invalid",
        "is 0: say how far around",
    ),
    (
        "notice|file|--call-sign||--circle|35,40,5NM|--upper|FL100|--from|2099-04-07T09:00:00Z|--until|2099-04-07T10:00:00Z",
        2,
        "field-invalid",
        "call-sign: is empty",
    ),
    (
        "notice|file|--circle|35,40,5|--upper|FL100|--from|2099-04-07T09:00:00Z|--until|2099-04-07T10:00:00Z",
        2,
        "field-invalid",
        "needs a unit: NM, km, m or ft",
    ),
    (
        "notice|file|--circle|35,40,5NM|--upper|SFC|--from|2099-04-07T09:00:00Z|--until|2099-04-07T10:00:00Z",
        2,
        "field-invalid",
        "needs a datum",
    ),
    (
        "notice|file|--class|maned|--circle|35,40,5NM|--upper|FL100|--from|2099-04-07T09:00:00Z|--until|2099-04-07T10:00:00Z",
        2,
        "field-invalid",
        "'maned' is none of manned",
    ),
    (
        "notice|file|--upper|FL100|--from|2099-04-07T09:00:00Z|--until|2099-04-07T10:00:00Z",
        2,
        "field-invalid",
        "exactly one of circle, polygon and corridor",
    ),
    ("notice|activate|7c", 2, "id-too-short", "at least 6"),
    ("notice|end|zzzzzzz", 2, "id-unknown", "no notice has an id that begins with zzzzzzz"),
    ("notice|cancel|000000", 2, "id-unknown", "no notice has an id that begins with 000000; 'skypact notice list'"),
    ("inbox|--channel|est-river", 2, "channel-unknown", "east-river"),
    ("ack|000000", 2, "id-unknown", "no notice that waits for a read-back has"),
    (
        "conflicts|level|000000|--lower|FL1|--upper|FL2",
        2,
        "id-unknown",
        "no notice has an id that begins with 000000; 'skypact notice list'",
    ),
    (
        "conflicts|retime|000000|--shift|20min",
        2,
        "id-unknown",
        "no notice has an id that begins with 000000; 'skypact notice list'",
    ),
    (
        "conflicts|reroute|000000|--circle|35,40,1km",
        2,
        "id-unknown",
        "no notice has an id that begins with 000000; 'skypact notice list'",
    ),
    ("conflicts|accept|000000", 2, "id-unknown", "no proposal has an id that begins with 000000; 'skypact conflicts'"),
    ("conflicts|apply|00", 2, "id-too-short", "at least 6"),
    ("stop|call|x|--area|35,40", 2, "field-invalid", "needs a unit"),
    ("stop|call|x|--until|9:00", 2, "field-invalid", "write 2017-04-07T09:00:00Z"),
    ("stop|call|x|--notice|000000", 2, "id-unknown", "notice: no notice has"),
    ("stop|heard|000000", 2, "id-unknown", "no STOP has an id that begins with 000000; 'skypact stop list'"),
    ("stop|passed-to|000000|2|SQN", 2, "id-unknown", "no STOP has an id that begins with 000000; 'skypact stop list'"),
    ("stop|ceased|000000", 2, "id-unknown", "no STOP has an id that begins with 000000; 'skypact stop list'"),
    ("stop|unable|000000|no|radio", 2, "id-unknown", "no STOP has an id that begins with 000000; 'skypact stop list'"),
    ("stop|refused|000000", 2, "arguments-invalid", "<REASON>"),
    ("stop|lift|000000", 2, "id-unknown", "no STOP has an id that begins with 000000; 'skypact stop list'"),
    ("stop|hurd|000000", 2, "arguments-invalid", "'heard'"),
    (
        "protect|x|--verification|maybe|--circle|35,40,1km|--from|2099-04-07T09:00:00Z|--until|2099-04-07T10:00:00Z",
        2,
        "field-invalid",
        "unverified, cross-checked or visited",
    ),
    ("protect|receipt|000000", 2, "id-unknown", "version: no newest list of the counterpart has"),
    ("unit|name|000000|TOWER", 2, "id-unknown", "begins with 000000"),
    ("unit|received|000000|TOWER", 2, "arguments-invalid", "--person"),
    ("unit|applied|000000|TOWER|--person|Sgt A", 2, "id-unknown", "begins with 000000"),
    ("watch|leave", 3, "not-on-watch", "nobody has the watch"),
    ("watch|hand-over", 3, "not-on-watch", "nobody has the watch"),
    ("watch|bill|--from|9:00|--until|10:00", 2, "field-invalid", "write 2017-04-07T09:00:00Z"),
    ("watch|bill|none.json", 5, "io", "none.json: there is no such file"),
    ("watch|taek", 2, "arguments-invalid", "'take'"),
    ("test-call|answer|000000", 2, "id-unknown", "no test call that waits"),
    ("health|--weeks|x", 2, "arguments-invalid", "--weeks"),
    ("officer|add|../x", 2, "field-invalid", "without slashes"),
    ("officer|revoke|000000", 2, "id-unknown", "no key of an officer of this party has"),
    ("notice|import|none.csv", 5, "io", "none.csv: there is no such file"),
    ("notice|import|@RED/node.toml", 2, "field-invalid", "'toml' is none of csv, geojson, kml, aco"),
    ("notice|export|--format|cvs", 2, "field-invalid", "'cvs' is none of csv, geojson, kml, aco"),
    ("notice|import|x.aco|--class|maned", 2, "field-invalid", "'maned' is none of manned"),
    ("notice|import|x.csv|--class|manned", 2, "field-invalid", "--format aco alone"),
    ("notice|export|--format|aco|--fir|OSTT", 2, "field-invalid", "--format notam alone"),
    ("line|count|--tracks|none", 3, "no-line", "skypact pact propose --line"),
    ("line|dispute|000000|--reason|gps", 2, "field-invalid", "give gps-interference"),
    ("line|maintain|000000", 2, "id-unknown", "no report of a crossing has"),
    ("line|withdraw|000000", 2, "id-unknown", "no report of a crossing has"),
    ("case|show|000000", 2, "id-unknown", "no case, notice, STOP or item here"),
    ("case|open|Near miss", 2, "arguments-invalid", "<TEXT>"),
    ("case|state|000000|we saw it", 2, "id-unknown", "no case, notice, STOP or item here has"),
    ("case|fact|000000|at 500 ft", 2, "id-unknown", "begins with 000000"),
    ("case|agree|000000", 2, "id-unknown", "begins with 000000"),
    ("case|dispute|000000|no", 2, "id-unknown", "begins with 000000"),
    ("case|request|000000|radar", 2, "id-unknown", "begins with 000000"),
    ("case|evidence|000000|none", 2, "id-unknown", "begins with 000000"),
    ("case|withhold|000000|no", 2, "id-unknown", "begins with 000000"),
    ("case|give|000000|--out|x", 2, "id-unknown", "begins with 000000"),
    ("case|check|000000|none", 2, "id-unknown", "begins with 000000"),
    ("case|neutral|000000|--card|none", 2, "id-unknown", "begins with 000000"),
    ("case|finding|000000|none", 2, "arguments-invalid", "--signature"),
    ("case|close|000000|done", 2, "id-unknown", "begins with 000000"),
    ("case|export|000000|x", 2, "id-unknown", "begins with 000000"),
    ("agenda|show|000000", 2, "id-unknown", "'skypact agenda list' show those there are"),
    ("agenda|add|", 2, "message-malformed", "title"),
    ("agenda|position|000000|no", 2, "id-unknown", "begins with 000000"),
    ("agenda|propose|000000|yes", 2, "id-unknown", "begins with 000000"),
    ("agenda|accept|000000", 2, "id-unknown", "begins with 000000"),
    ("agenda|minutes|--from|9:00", 2, "field-invalid", "write 2017-04-07T09:00:00Z"),
    ("commitment|make|x|--due|9:00", 2, "field-invalid", "write 2017-04-07T09:00:00Z"),
    ("commitment|find|000000|keept", 2, "field-invalid", "give kept, not-kept or disputed"),
    ("statement|x|--subject|a|--speaker|b|--said|9:00", 2, "field-invalid", "write 2017-04-07T09:00:00Z"),
    ("statements|--at|9:00", 2, "field-invalid", "write 2017-04-07T09:00:00Z"),
    ("assurance|give|x|--from|9:00|--until|10:00", 2, "field-invalid", "exactly one of circle, polygon and corridor"),
    ("assurance|deny|x", 2, "arguments-invalid", "--from"),
    ("hotline|say|999", 2, "phrase-unknown", "skypact hotline phrases"),
    ("hotline|say|301", 2, "phrase-unlike", "text, time, and 0 were given"),
    ("hotline|read|--channel|x", 2, "channel-unknown", "east-river"),
    ("erase|--over-since|x", 2, "field-invalid", "20min, 90s, 1h or 30d"),
    ("record|periods|--channel|x", 2, "channel-unknown", "east-river"),
    ("record|left-out|--channel|x", 2, "channel-unknown", "east-river"),
    ("channel|suspend", 2, "arguments-invalid", "--reason"),
    ("channel|resume", 3, "not-suspended", "no suspension stands"),
    ("channel|dictate|xyz", 2, "id-unknown", "'xyz' is no id"),
    ("channel|write-down|none", 2, "file-unusable", "none: there is no such file"),
    ("channel|import-frames|none", 2, "file-unusable", "none: there is no such file"),
    ("export-bundle|--out|x|--only|00", 2, "id-unknown", "6 or more digits"),
];

#[test]
fn every_command_answers_a_slip_with_what_to_write() {
    let ground = Ground::new("mistyped-all");
    pact(&ground);
    let dirs = [("@RED", ground.path("red")), ("@BLUE", ground.path("blue")), ("@TMP", ground.path("tmp"))];
    let check = |(arguments, exit, code, part): &Slip, end: &[&str]| {
        let at = |argument: &str| {
            let dir = dirs.iter().find(|(name, _)| argument == *name || argument.starts_with(&format!("{name}/")));
            dir.map_or_else(|| argument.to_owned(), |(name, dir)| argument.replacen(name, dir, 1))
        };
        let arguments: Vec<String> = arguments.split('|').map(at).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let told = refuse(&[&arguments[..], end].concat(), *exit, code);
        assert!(told.contains(part), "{arguments:?}: {told}");
        assert!(!told.contains("os error"), "{arguments:?}: {told}");
    };
    for slip in &WITHOUT_NODE {
        check(slip, &[]);
    }
    let _node = Node::start(&dirs[0].1);
    let officer = ["--dir", &dirs[0].1, "--officer", "Duty officer"];
    for slip in &AT_NODE {
        let is_officers = !NOT_OF_OFFICERS.iter().any(|word| slip.0.starts_with(word));
        check(slip, if is_officers { &officer } else { &officer[..2] });
    }
    let told = refuse(&["watch", "take", "--dir", &dirs[0].1, "--officer", "Dutty officer"], 2, "key-missing");
    assert!(told.contains("officers with a key here: Duty officer, Night officer"), "{told}");
    assert_eq!(succeed(&["channel", "--dir", &dirs[0].1])["logs"][2]["origin"], "red.example/east-river/routine");
    assert_eq!(
        succeed(&["notice", "list", "--dir", &dirs[0].1]).as_array().map(Vec::len),
        Some(0),
        "nothing was filed"
    );
}

#[test]
fn no_command_is_without_a_slip() {
    let commands = |of: &[&str]| -> Vec<String> {
        let help = String::from_utf8(skypact(&[of, &["--help"]].concat()).stdout).unwrap();
        let Some((_, list)) = help.split_once("Commands:\n") else { return Vec::new() };
        let lines = list.lines().take_while(|line| !line.is_empty());
        let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
        names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
    };
    // What takes nothing that can be mistyped but options that every command has, and what another file has slips of.
    let elsewhere =
        ["doctor", "dss token", "dss export", "key list", "officer list", "stop list", "unit list", "watch show"];
    let lists = [
        "test-call list",
        "test-call call",
        "channel status",
        "plan check",
        "protect list",
        "token list",
        "watch take",
        "line show",
        "case list",
        "agenda list",
        "commitment list",
        "assurance list",
    ];
    let carried = ["channel export-frames", "notice list"];
    let exempt = |name: &str| [&elsewhere[..], &lists, &carried].concat().contains(&name) || name.starts_with("bench ");
    let words = |slip: &Slip| slip.0.replace('|', " ") + " ";
    let slips: Vec<String> = WITHOUT_NODE.iter().chain(&AT_NODE).map(words).collect();
    for command in commands(&[]) {
        let under = commands(&[&command]);
        let names = under.iter().map(|name| format!("{command} {name}"));
        let names: Vec<String> = if under.is_empty() { vec![command.clone()] } else { names.collect() };
        for name in names.iter().filter(|name| !exempt(name)) {
            assert!(slips.iter().any(|slip| slip.starts_with(&format!("{name} "))), "no slip of 'skypact {name}'");
        }
    }
}
