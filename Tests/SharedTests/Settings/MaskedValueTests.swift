import Testing

@testable import Shared

struct MaskedValueTests {
    @Test(
        arguments: [
            ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
            ("redis://user:hidden@host:6379/0", "redis://user:•••@host:6379/0"),
            ("rediss://:hidden@host", "rediss://:•••@host"), ("redis://hidden@host", "redis://•••@host"),
            ("redis+sentinel://:hidden@a:1,b:2/main/0", "redis+sentinel://:•••@a:1,b:2/main/0"),
            ("redis://[::1]:6379", "redis://[::1]:6379"), ("redis://u:hi@dden@host", "redis://u:•••@host"),
            (
                "postgresql://u:hidden@h1:5432,h2:5433/d?sslmode=require&password=hidden",
                "postgresql://u:•••@h1:5432,h2:5433/d?•••"
            ),
            // The password has a slash, so that nobody can tell where it ends.
            ("redis://u:hid/den@host", "•••"), ("redis://u:hid?den@host", "•••"), ("redis://u:hid#den@host", "•••"),
            ("host=/run/postgresql password=hidden", "•••"), ("hidden", "•••"), ("", "•••"),
            ("https://hooks.example.com/services/hidden", "https://hooks.example.com/•••"),
            ("https://oapi.example.com/robot?access_token=hidden", "https://oapi.example.com/•••?•••"),
        ])
    func `of a secret the address stays`(secret: String, shown: String) {
        #expect(MaskedValue.secret(secret) == shown)
    }

    @Test(
        arguments: [
            ("8010", "8010"), ("gold=4,free=1", "gold=4,free=1"), ("/etc/ca.pem", "/etc/ca.pem"),
            ("http://proxy:3128", "http://proxy:3128"), ("http://u:hidden@proxy:3128", "http://u:•••@proxy:3128"),
            ("u:hidden@proxy:3128", "•••"), ("http://collector:4318/v1/traces", "http://collector:4318/v1/traces"),
        ])
    func `any other value is shown but for a password in it`(value: String, shown: String) {
        #expect(MaskedValue.plain(value) == shown)
    }
}
