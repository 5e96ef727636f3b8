// JDBC (Debian's libxerial-sqlite-jdbc-java).
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.sqlite.SQLiteConfig;

class Java {
    static Connection db;

    static void check(String what, String got, String wanted) {
        System.out.println(wanted.equals(got) ? "ok " + what : "not ok " + what + " (" + got + ")");
    }

    static String one(String sql, String... values) throws SQLException {
        try (PreparedStatement statement = db.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setString(i + 1, values[i]);
            }
            try (ResultSet result = statement.executeQuery()) {
                return result.next() ? result.getString(1) : null;
            }
        }
    }

    public static void main(String[] args) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.enableLoadExtension(true);
        db = DriverManager.getConnection("jdbc:sqlite:" + args[1], config.toProperties());
        one("SELECT load_extension(?)", args[0]);
        check("store a revision", one("SELECT migrate_revision(?, ?, ?, ?)", "users",
                "CREATE TABLE users (id integer)", "DROP TABLE users", "001"), "001");
        check("load a file", one("SELECT migrate_load(?, ?)",
                "-- migrate:up\nCREATE TABLE posts (id integer);\n-- migrate:down\nDROP TABLE posts;\n",
                "002_posts.sql"), "002");
        check("upgrade", one("SELECT migrate_upgrade(?)", "head"), "upgraded base -> 002 (2 revisions)");
        check("read", one("SELECT message FROM migrate_show(?)", "001"), "users");
        check("downgrade by one", one("SELECT migrate_downgrade(?)", "-1"),
                "downgraded 002 -> 001 (1 revision)");
        db.setAutoCommit(false);
        one("SELECT migrate_upgrade(?)", "head");
        db.rollback();
        db.setAutoCommit(true);
        check("undone by the caller", one("SELECT version_num FROM migrate_version"), "001");
        try {
            one("SELECT migrate_upgrade(?)", "zzzz");
            check("error", null, "an error");
        } catch (SQLException e) {
            check("error", e.getMessage().contains("can't locate revision identified by 'zzzz'") ? "told"
                    : e.getMessage(), "told");
        }
        check("upgrade to a revision", one("SELECT migrate_upgrade(?)", "002"),
                "upgraded 001 -> 002 (1 revision)");
        db.close();
        db = DriverManager.getConnection("jdbc:sqlite:" + args[1]);
        check("durable", one("SELECT version_num FROM migrate_version"), "002");
    }
}
