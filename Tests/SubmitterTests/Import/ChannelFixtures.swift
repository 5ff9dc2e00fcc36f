import Foundation
import Shared
import TestSupport

@testable import Submitter

/// Databases as the two products leave them.
///
/// Every key has `zanzibar` in it, which no output may show.
enum ChannelFixtures {
    /// one-api's table, in SQLite's words, with the columns that matter and some that do not.
    static let oneAPI = """
        CREATE TABLE channels (id integer PRIMARY KEY AUTOINCREMENT, type integer DEFAULT 0, key text, status integer DEFAULT 1,
            name text, weight integer DEFAULT 0, created_time bigint, test_time bigint, response_time integer,
            base_url text DEFAULT '', other text, balance real, balance_updated_time bigint, models text,
            "group" varchar(32) DEFAULT 'default', used_quota bigint DEFAULT 0, model_mapping varchar(1024) DEFAULT '',
            priority bigint DEFAULT 0, config text, system_prompt text);
        INSERT INTO channels (id, type, key, status, name, weight, base_url, models, "group", model_mapping, priority, config)
        VALUES (1, 1, 'sk-zanzibar-openai-0001', 1, 'main', 7, '', 'gpt-4o,gpt-4o-mini,dall-e-3', 'default', '', 10, ''),
            (2, 36, 'sk-zanzibar-deepseek-02', 1, 'deep', 0, '', 'deepseek-chat', 'default,vip', '', 0, '{"region":""}'),
            (3, 3, 'zanzibar-azure', 1, 'azure', 0, 'https://x.openai.azure.com', 'gpt-4o', 'default', '', 0, ''),
            (4, 15, 'zanzibarAK|zanzibarSK', 3, 'wenxin', 0, '', 'ernie-4.0', 'default', '', 0, ''),
            (5, 23, '1250000|zanzibarID|zanzibarKEY', 2, 'hunyuan', 0, '', 'hunyuan-lite', 'default', '', 0, ''),
            (6, 50, 'sk-zanzibar-vllm-000006', 1, 'vllm', 2, 'http://10.0.0.8:8000/v1/', 'gpt-4o,qwen', 'default',
                '{"gpt-4o":"qwen2.5-72b","qwen":"qwen2.5-72b"}', 0, '{"api_version":"x"}'),
            (7, 999, 'zanzibar', 1, 'odd', 0, '', 'm', 'default', '', 0, ''),
            (8, 15, 'zanzibar-no-pair', 1, 'half', 0, '', 'ernie', 'default', '', 0, '');
        """

    /// new-api's table, in PostgreSQL's words, with GORM's name for the column of `OpenAIOrganization`.
    static let newAPI = """
        CREATE TABLE channels (id bigserial PRIMARY KEY, type bigint, key text NOT NULL, open_ai_organization text,
            status bigint DEFAULT 1, name text, weight bigint DEFAULT 0, base_url text DEFAULT '', other text, models text,
            "group" varchar(64) DEFAULT 'default', used_quota bigint DEFAULT 0, model_mapping text,
            status_code_mapping varchar(1024) DEFAULT '', priority bigint DEFAULT 0, tag text, setting text,
            param_override text, header_override text, channel_info json, settings text);
        INSERT INTO channels (id, type, key, open_ai_organization, status, name, weight, base_url, models, "group",
            model_mapping, priority, tag, setting, param_override, header_override, channel_info)
        VALUES (11, 1, E'sk-zanzibar-multi-000001\\nsk-zanzibar-multi-000002\\nsk-zanzibar-multi-000003', 'org-1', 1, 'many', 3, '',
                'gpt-4o,text-embedding-3-small', 'default', '{}', 5, 'eu', '{"proxy":""}', '', '{"X-Team":"a"}',
                '{"is_multi_key":true,"multi_key_size":3,"multi_key_status_list":{"1":2}}'),
            (12, 43, 'sk-zanzibar-deepseek-12', NULL, 1, 'deep', 0, '', 'deepseek-chat', 'default', NULL, 0, NULL,
                NULL, '{"temperature":0}', NULL, NULL),
            (13, 17, 'sk-zanzibar-qwen-000013', NULL, 1, 'qwen', 0, '', 'qwen-plus', 'default', NULL, 0, NULL,
                NULL, NULL, NULL, NULL),
            (14, 46, 'bce-v3/ALTAK-zanzibar/x|app-7', NULL, 1, 'v2', 0, '', 'ernie-4.5', 'default', NULL, 0, NULL,
                NULL, NULL, NULL, NULL),
            (15, 26, 'zanzibar.secretsecret', NULL, 1, 'plan', 0, 'glm-coding-plan', 'glm-4.7', 'default', NULL, 0, NULL,
                NULL, NULL, NULL, NULL),
            (16, 24, 'zanzibar-gemini', NULL, 1, 'gemini', 0, '', 'gemini-pro', 'default', NULL, 0, NULL,
                NULL, NULL, NULL, NULL);
        """

    static func sqlite(_ sql: String, in directory: TemporaryDirectory, _ name: String = "one-api.db") async throws
        -> String
    {
        let path = directory.file(name)
        let child = try await ChildProcess.start("sqlite3", [path, sql])
        let exit = try await child.wait()
        guard exit == .code(0) else { throw ImportFailure("the fixture was not made: \(child.errors)") }
        return path
    }

    static func row(_ members: JSONObject) -> ChannelRow? {
        var row: JSONObject = [
            "id": 1, "type": 1, "key": "sk-zanzibar-0123456789", "name": "c", "status": 1, "models": "m",
        ]
        for member in members.members { row.set(member.key, member.value) }
        return ChannelRow(.object(row))
    }
}
