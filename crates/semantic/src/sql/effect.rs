//! What a statement does, by its kind, and which functions reach outside of the database.

use sqlparser::ast::{CopyTarget, ObjectType, Statement};

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Select,
    Insert,
    Update,
    Delete,
    Merge,
    /// It creates, changes or removes tables and other objects.
    Ddl,
    /// It gives or takes rights.
    Dcl,
    Transaction,
    Set,
    Pragma,
    /// It moves data between tables and files or programs.
    Copy,
    Call,
    Explain,
    Show,
    Use,
    Attach,
    /// It loads code.
    Load,
    /// It keeps the server: vacuum, analyze, flush, kill.
    Admin,
    Other,
}

/// Every kind with its word.
pub const KINDS: [(&str, Kind); 19] = [
    ("select", Kind::Select),
    ("insert", Kind::Insert),
    ("update", Kind::Update),
    ("delete", Kind::Delete),
    ("merge", Kind::Merge),
    ("ddl", Kind::Ddl),
    ("dcl", Kind::Dcl),
    ("transaction", Kind::Transaction),
    ("set", Kind::Set),
    ("pragma", Kind::Pragma),
    ("copy", Kind::Copy),
    ("call", Kind::Call),
    ("explain", Kind::Explain),
    ("show", Kind::Show),
    ("use", Kind::Use),
    ("attach", Kind::Attach),
    ("load", Kind::Load),
    ("admin", Kind::Admin),
    ("other", Kind::Other),
];

impl Kind {
    /// The word of the language.
    #[must_use]
    pub fn word(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }
}

/// The kind of a statement by itself; what its parts do comes from those.
pub(super) fn kind(statement: &Statement) -> Kind {
    match statement {
        Statement::Query(_) => Kind::Select,
        Statement::Insert(_) => Kind::Insert,
        Statement::Update(_) => Kind::Update,
        Statement::Delete(_) => Kind::Delete,
        Statement::Merge(_) => Kind::Merge,
        other => definition(other).or_else(|| session(other)).unwrap_or(Kind::Other),
    }
}

/// Statements about what there is, and who may do what with it.
fn definition(statement: &Statement) -> Option<Kind> {
    Some(match statement {
        Statement::CreateRole(_)
        | Statement::CreateUser(_)
        | Statement::AlterUser(_)
        | Statement::AlterRole { .. }
        | Statement::CreatePolicy(_)
        | Statement::AlterPolicy(_)
        | Statement::DropPolicy(_)
        | Statement::Grant(_)
        | Statement::Deny(_)
        | Statement::Revoke(_)
        | Statement::CreateSecret { .. }
        | Statement::DropSecret { .. } => Kind::Dcl,
        Statement::Drop { object_type: ObjectType::Role | ObjectType::User, .. } => Kind::Dcl,
        Statement::CreateExtension(_)
        | Statement::DropExtension(_)
        | Statement::Load { .. }
        | Statement::Install { .. } => Kind::Load,
        Statement::Truncate(_)
        | Statement::Drop { .. }
        | Statement::DropFunction(_)
        | Statement::DropDomain(_)
        | Statement::DropProcedure { .. }
        | Statement::DropTrigger(_)
        | Statement::DropOperator(_)
        | Statement::CreateView(_)
        | Statement::CreateTable(_)
        | Statement::CreateVirtualTable { .. }
        | Statement::CreateIndex(_)
        | Statement::CreateServer(_)
        | Statement::CreateSchema { .. }
        | Statement::CreateDatabase { .. }
        | Statement::CreateFunction(_)
        | Statement::CreateTrigger(_)
        | Statement::CreateProcedure { .. }
        | Statement::CreateMacro { .. }
        | Statement::CreateSequence { .. }
        | Statement::CreateDomain(_)
        | Statement::CreateType { .. }
        | Statement::AlterTable(_)
        | Statement::AlterSchema(_)
        | Statement::AlterIndex { .. }
        | Statement::AlterView { .. }
        | Statement::AlterFunction(_)
        | Statement::AlterType(_)
        | Statement::Comment { .. }
        | Statement::RenameTable(_) => Kind::Ddl,
        _ => return None,
    })
}

/// Statements about the session, the server and what goes in and out. A kind that the parser learns later is neither: nobody
/// allows it who did not write `other`.
fn session(statement: &Statement) -> Option<Kind> {
    Some(match statement {
        Statement::StartTransaction { .. }
        | Statement::Commit { .. }
        | Statement::Rollback { .. }
        | Statement::Savepoint { .. }
        | Statement::ReleaseSavepoint { .. } => Kind::Transaction,
        Statement::Set(_) | Statement::Reset(_) | Statement::AlterSession { .. } => Kind::Set,
        Statement::Pragma { .. } => Kind::Pragma,
        Statement::Copy { .. }
        | Statement::CopyIntoSnowflake { .. }
        | Statement::LoadData { .. }
        | Statement::Unload { .. }
        | Statement::ExportData(_)
        | Statement::Directory { .. } => Kind::Copy,
        Statement::Call(_)
        | Statement::Execute { .. }
        | Statement::Prepare { .. }
        | Statement::Deallocate { .. } => Kind::Call,
        Statement::Explain { .. } | Statement::ExplainTable { .. } => Kind::Explain,
        Statement::ShowFunctions { .. }
        | Statement::ShowVariable { .. }
        | Statement::ShowStatus { .. }
        | Statement::ShowVariables { .. }
        | Statement::ShowCreate { .. }
        | Statement::ShowColumns { .. }
        | Statement::ShowCatalogs { .. }
        | Statement::ShowDatabases { .. }
        | Statement::ShowProcessList { .. }
        | Statement::ShowSchemas { .. }
        | Statement::ShowCharset(_)
        | Statement::ShowObjects(_)
        | Statement::ShowTables { .. }
        | Statement::ShowViews { .. }
        | Statement::ShowCollation { .. } => Kind::Show,
        Statement::Use(_) => Kind::Use,
        Statement::AttachDatabase { .. }
        | Statement::AttachDuckDBDatabase { .. }
        | Statement::DetachDuckDBDatabase { .. } => Kind::Attach,
        Statement::Vacuum(_)
        | Statement::Analyze(_)
        | Statement::Flush { .. }
        | Statement::Kill { .. }
        | Statement::Discard { .. }
        | Statement::OptimizeTable { .. } => Kind::Admin,
        _ => return None,
    })
}

/// True if the statement itself reaches files, programs or other servers.
pub(super) fn is_outside(statement: &Statement) -> bool {
    match statement {
        Statement::Copy { target, .. } => !matches!(target, CopyTarget::Stdin | CopyTarget::Stdout),
        other => {
            matches!(kind(other), Kind::Copy | Kind::Attach | Kind::Load)
                || matches!(other, Statement::CreateServer(_))
        }
    }
}

/// True if a function reaches files, programs or other servers, runs text as SQL, or steers the server.
#[must_use]
pub fn reaches_outside(function: &str) -> bool {
    OUTSIDE.contains(&function) || OUTSIDE_PREFIXES.iter().any(|prefix| function.starts_with(prefix))
}

const OUTSIDE: &[&str] = &[
    // Postgres: files, text run as SQL, settings, other sessions.
    "query_to_xml",
    "query_to_xmlschema",
    "query_to_xml_and_xmlschema",
    "cursor_to_xml",
    "table_to_xml",
    "schema_to_xml",
    "database_to_xml",
    "ts_stat",
    "ts_rewrite",
    "crosstab",
    "set_config",
    "pg_reload_conf",
    "pg_rotate_logfile",
    "pg_terminate_backend",
    "pg_cancel_backend",
    "pg_promote",
    "pg_notify",
    "xpath_table",
    // SQLite.
    "load_extension",
    "readfile",
    "writefile",
    "edit",
    "fsdir",
    "lsdir",
    "fts3_tokenizer",
    "zipfile",
    "sqlar_uncompress",
    // MySQL.
    "load_file",
    "sys_exec",
    "sys_eval",
    "sys_get",
    "sys_set",
    "source_pos_wait",
    "master_pos_wait",
    // SQL Server.
    "openrowset",
    "openquery",
    "opendatasource",
    "openxml",
    "sp_executesql",
    "sp_configure",
    "sp_addlinkedserver",
    "sp_start_job",
    // Others.
    "lowrite",
    "loread",
    "connectby",
    "query",
    "query_table",
    "mysql",
    "postgresql",
    "mongodb",
    "redis",
    "jdbc",
    "odbc",
    "url",
    "file",
    "s3",
    "remote",
    "glob",
    "executable",
];
const OUTSIDE_PREFIXES: &[&str] = &[
    "pg_read_",
    "pg_ls_",
    "pg_stat_file",
    "pg_file_",
    "pg_logdir",
    "pg_current_logfile",
    "pg_create_",
    "pg_drop_",
    "pg_logical_",
    "pg_replication_",
    "pg_import_",
    "pg_execute_",
    "lo_",
    "dblink",
    "http",
    "net.http",
    "plpy",
    "xp_",
    "sp_oa",
    "utl_",
    "dbms_",
    "read_csv",
    "read_json",
    "read_parquet",
    "read_text",
    "read_blob",
    "read_ndjson",
    "sniff_csv",
    "parquet_",
    "sqlite_scan",
    "postgres_",
    "mysql_",
    "iceberg_",
    "delta_scan",
];
