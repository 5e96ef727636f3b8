/*
** offline_postgres.c - the frame of an offline script for psql -1
**
** psql -1 puts the transaction around the script. Where nobody did, the guard makes the session's
** transactions read-only: every statement after it then fails, and nothing is half done. It knows
** by a temporary table that the end of the first statement's transaction drops.
**
** That table holds the session's settings. A body's SETs are undone behind it, and what it left for
** the end of the transaction to check is checked, by a procedure that lives in the session alone.
*/
#include "offline_frame.h"

#include <string.h>

static void add(lim_offline *o, const char *text) {
    lim_text_adds(&o->text, text);
}

/* text with each %s replaced by the ledger's schema. */
static void add_in_schema(lim_offline *o, const char *text) {
    const char *at;
    while ((at = strstr(text, "%s")) != NULL) {
        lim_text_add(&o->text, text, (size_t)(at - text));
        add(o, o->schema);
        text = at + 2;
    }
    add(o, text);
}

static void add_settings(lim_offline *o) {
    add(o, "\n-- The session's settings, which each body starts with\n"
           "CREATE TEMP TABLE limbeck_settings ON COMMIT DROP AS\n"
           "SELECT name, pg_catalog.current_setting(name, true) AS value, CASE name WHEN "
           "'session_authorization' THEN 1 WHEN 'role' THEN 2 WHEN 'search_path' THEN 3 ELSE 4 END "
           "AS place\nFROM (SELECT name FROM pg_catalog.pg_settings WHERE context IN ('user', "
           "'superuser') AND name !~ '^transaction_'\n"
           "  UNION SELECT pg_catalog.unnest(ARRAY['session_authorization', 'role'");
    for (uint32_t i = 0; i < o->settings.count; i++) {
        add(o, ", ");
        lim_offline_string(o, o->settings.items[i]);
    }
    add(o, "])) AS settings;\n"
           "GRANT SELECT ON pg_temp.limbeck_settings TO PUBLIC;\n");
}

/* The extension: made where the script starts from nothing. */
static void add_extension(lim_offline *o) {
    add(o, "  SELECT pg_catalog.quote_ident(n.nspname) INTO found\n"
           "  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = "
           "e.extnamespace WHERE e.extname = 'limbeck';\n"
           "  IF found IS NULL THEN\n");
    if (strcmp(o->plan.from, "base") == 0) {
        add_in_schema(o, "    CREATE EXTENSION limbeck WITH SCHEMA %s;\n");
    } else {
        add(o, "    RAISE EXCEPTION 'extension \"limbeck\" is not installed in this database'\n"
               "      USING ERRCODE = '55000', HINT = ");
        lim_offline_string(o, lim_format(o->cx, "This script starts at %s.", o->plan.from));
        add(o, ";\n");
    }
    /* the two may be quoted differently */
    add(o, "  ELSIF pg_catalog.to_regnamespace(found) IS DISTINCT FROM "
           "pg_catalog.to_regnamespace(");
    lim_offline_string(o, o->schema);
    add(o, ") THEN\n    RAISE EXCEPTION 'extension \"limbeck\" is in schema %, and this script was "
           "made for schema %', found, ");
    lim_offline_string(o, o->schema);
    add(o, "\n      USING ERRCODE = '55000', HINT = 'Make the script in a database that has it in "
           "the same schema.';\n"
           "  END IF;\n");
}

/* The word between the dollars that quote the guard: one that no name inside it could end. */
static const char *guard_tag(lim_offline *o) {
    const char *tag = "limbeck";
    for (uint32_t i = 0, number = 1; tag != NULL && i < o->plan.step_count; i++) {
        while (tag != NULL &&
               (strstr(lim_id(o->graph, o->plan.steps[i].node), tag) != NULL ||
                strstr(o->plan.from, tag) != NULL ||
                (strchr(o->schema, '$') != NULL && strstr(o->schema, tag) != NULL))) {
            tag = lim_format(o->cx, "limbeck_%u", number++);
            i = 0;
        }
    }
    return tag != NULL ? tag : "";
}

/* The caller may write the ledger, and nobody else may until the end. */
static void add_rights(lim_offline *o) {
    add(o, "  IF NOT pg_catalog.has_table_privilege(");
    lim_offline_string(o, lim_format(o->cx, "%s.migrate_version", o->schema));
    add(o, ", 'DELETE') OR NOT pg_catalog.has_table_privilege(");
    lim_offline_string(o, lim_format(o->cx, "%s.migrate_log", o->schema));
    add(o, ", 'INSERT') THEN\n"
           "    RAISE EXCEPTION 'role \"%\" may not write Limbeck''s ledger', current_user\n"
           "      USING ERRCODE = '42501', HINT = 'Run the script as the owner of extension "
           "\"limbeck\" or as a superuser.';\n"
           "  END IF;\n");
    add_in_schema(o, "  LOCK TABLE %s.migrate_version, %s.migrate_revision IN SHARE ROW EXCLUSIVE "
                     "MODE;\n");
}

static void add_start(lim_offline *o) {
    add_in_schema(o, "  SELECT coalesce(pg_catalog.string_agg(version_num, ', ' ORDER BY "
                     "version_num), 'base') INTO found\n  FROM ONLY %s.migrate_version;\n"
                     "  IF found <> ");
    lim_offline_string(o, o->plan.from);
    add(o, " THEN\n    RAISE EXCEPTION 'this script starts at % and the database is at %', ");
    lim_offline_string(o, o->plan.from);
    lim_text_addf(
        &o->text,
        ", found\n      USING ERRCODE = '55000', HINT = 'Make a script that starts there: "
        "migrate_%s_sql(''start:target'').';\n  END IF;\n",
        lim_offline_verb(o));
}

/* The revisions of the plan are stored with this content, or (going up) not at all yet. */
static void add_revisions(lim_offline *o) {
    add(o, "  SELECT pg_catalog.string_agg(wanted.revision, ', ') INTO found\n  FROM (VALUES");
    lim_offline_wanted(o, "    ");
    lim_text_addf(&o->text,
                  "\n  ) AS wanted (revision, checksum) LEFT JOIN ONLY %s.migrate_revision r USING "
                  "(revision)\n  WHERE r.checksum %s wanted.checksum;\n",
                  o->schema, o->plan.operation == LIM_DOWNGRADE ? "IS DISTINCT FROM" : "<>");
    add(o,
        "  IF found IS NOT NULL THEN\n"
        "    RAISE EXCEPTION 'revisions of this script are stored with other content: %', found\n"
        "      USING ERRCODE = '55000';\n"
        "  END IF;\n");
}

static void add_guard(lim_offline *o) {
    const char *tag = guard_tag(o);
    lim_text_addf(&o->text, "\n-- The guard\nDO $%s$\nDECLARE\n  found text;\nBEGIN\n", tag);
    add(o, "  IF pg_catalog.to_regclass('pg_temp.limbeck_settings') IS NULL THEN\n"
           "    PERFORM pg_catalog.set_config('default_transaction_read_only', 'on', false);\n"
           "    RAISE WARNING 'this script must run in one transaction, so nothing of it is done'\n"
           "      USING HINT = 'Run it with psql -1, or between BEGIN and COMMIT. This session is "
           "read-only now.';\n"
           "    RETURN;\n"
           "  END IF;\n");
    add_extension(o);
    add_rights(o);
    add_start(o);
    add_revisions(o);
    lim_text_addf(&o->text, "END\n$%s$;\n", tag);
}

/* What deferred.c does for a run: constraints that can be deferred are checked, and go back to what
** they were declared as. */
static void add_procedure(lim_offline *o) {
    add(o, "\n-- Behind a body: its settings are undone, deferred constraints checked\n"
           "CREATE PROCEDURE pg_temp.limbeck_after_body() LANGUAGE plpgsql AS $limbeck$\n"
           "DECLARE\n  s record;\n  names text;\nBEGIN\n"
           "  FOR s IN SELECT name, value FROM pg_temp.limbeck_settings\n"
           "    WHERE value IS DISTINCT FROM pg_catalog.current_setting(name, true) ORDER BY place "
           "LOOP\n"
           "    PERFORM pg_catalog.set_config(s.name, s.value, false);\n"
           "  END LOOP;\n"
           "  SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.conname), ', ') "
           "INTO names\n"
           "  FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_namespace n ON n.oid = "
           "c.connamespace\n"
           "  WHERE c.condeferrable AND pg_catalog.has_schema_privilege(n.oid, 'USAGE');\n"
           "  IF names IS NOT NULL THEN\n"
           "    EXECUTE 'SET CONSTRAINTS ' || names || ' IMMEDIATE';\n"
           "  END IF;\n"
           "  SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.conname), ', ') "
           "INTO names\n"
           "  FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_namespace n ON n.oid = "
           "c.connamespace\n"
           "  WHERE c.condeferred AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND NOT "
           "EXISTS\n"
           "    (SELECT 1 FROM pg_catalog.pg_constraint d WHERE d.conname = c.conname AND "
           "d.connamespace = c.connamespace AND NOT d.condeferrable);\n"
           "  IF names IS NOT NULL THEN\n"
           "    EXECUTE 'SET CONSTRAINTS ' || names || ' DEFERRED';\n"
           "  END IF;\n"
           "END\n$limbeck$;\n");
}

void lim_offline_begin_postgres(lim_offline *o) {
    add(o,
        "-- Run it as the owner of extension limbeck or as a superuser: psql -X -1 -v "
        "ON_ERROR_STOP=1 -f this_script.\n-- A database that is not at its start is refused; all "
        "of it happens or nothing.\n");
    add_settings(o);
    add_guard(o);
    if (o->settles)
        add_procedure(o);
}

void lim_offline_end_postgres(lim_offline *o) {
    add(o, "\n");
    if (o->settles)
        add(o, "DROP PROCEDURE pg_temp.limbeck_after_body();\n");
    add(o, "DROP TABLE pg_temp.limbeck_settings;\n");
}

/* ---- what a body leaves behind ------------------------------------------------------------- */

/* First words of statements that neither set anything nor touch rows. */
static const char *const quiet[] = {"create", "alter",    "drop",    "comment", "grant",
                                    "revoke", "truncate", "analyze", "lock",    "refresh"};

static bool is_quiet(const char *text, const lim_statement *s) {
    bool found = false;
    for (size_t i = 0; i < sizeof quiet / sizeof *quiet && !found; i++)
        found = lim_token_is(text, s->first, quiet[i]);
    /* CREATE TABLE ... AS SELECT f() */
    for (lim_token t = s->first; found && t.kind != LIM_TOKEN_END;
         t = lim_lex_significant(LIM_POSTGRES, text, s->end, t.start + t.length))
        if (lim_token_is(text, t, "set_config") || lim_token_is(text, t, "select"))
            found = false;
    return found;
}

bool lim_offline_leaves(const lim_body *body) {
    for (uint32_t i = 0; i < body->count; i++) {
        lim_statement s = lim_body_statement(body, i);
        if (!is_quiet(body->text, &s))
            return true;
    }
    return false;
}

static lim_token token_after(const char *text, const lim_statement *s, lim_token t) {
    return lim_lex_significant(LIM_POSTGRES, text, s->end, t.start + t.length);
}

static bool add_setting(lim_offline *o, const char *name) {
    return name != NULL && (strchr(name, '.') == NULL || lim_list_has(&o->settings, name) ||
                            lim_list_add(o->cx, &o->settings, name));
}

/* SET [SESSION | LOCAL] a.b, RESET a.b, "a.b", a.b.c: a setting of the application's own, which pg_settings doesn't
** list. */
static bool find_set(lim_offline *o, const char *text, const lim_statement *s) {
    lim_token part, dot;
    if (!lim_token_is(text, s->first, "set") && !lim_token_is(text, s->first, "reset"))
        return true;
    part = token_after(text, s, s->first);
    if (lim_token_is(text, part, "session") || lim_token_is(text, part, "local"))
        part = token_after(text, s, part);
    const char *name = lim_token_name(o->cx, LIM_POSTGRES, text, part);
    for (dot = token_after(text, s, part); name != NULL && dot.kind == LIM_TOKEN_DOT;
         dot = token_after(text, s, part)) {
        part = token_after(text, s, dot);
        const char *next = lim_token_name(o->cx, LIM_POSTGRES, text, part);
        name = next != NULL ? lim_format(o->cx, "%s.%s", name, next) : NULL;
    }
    return add_setting(o, name);
}

/* set_config('a.b', ...). */
static bool find_set_config(lim_offline *o, const char *text, const lim_statement *s) {
    for (lim_token t = s->first; t.kind != LIM_TOKEN_END; t = token_after(text, s, t)) {
        if (!lim_token_is(text, t, "set_config"))
            continue;
        lim_token name = token_after(text, s, token_after(text, s, t));
        if (name.kind == LIM_TOKEN_STRING && name.length > 2 && text[name.start] == '\'' &&
            !add_setting(o, lim_copy(o->cx, text + name.start + 1, name.length - 2)))
            return false;
    }
    return true;
}

bool lim_offline_look(lim_offline *o, const lim_body *body) {
    o->settles = o->settles || lim_offline_leaves(body);
    for (uint32_t i = 0; i < body->count; i++) {
        lim_statement s = lim_body_statement(body, i);
        if (!find_set(o, body->text, &s) || !find_set_config(o, body->text, &s))
            return false;
    }
    return true;
}
