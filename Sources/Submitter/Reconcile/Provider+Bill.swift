import Shared

/// The bills of the platforms, as far as their columns are published.
///
/// OpenAI: the fields of its usage and costs API (developers.openai.com/api/docs/api-reference/usage). Anthropic: those
/// of its usage API, and the names that the Console's export is known to have. The others bill by item and day in their
/// cloud's bill: Alibaba's and Tencent's lists of a bill's columns, Baidu's `ResourceMonthInstanceBill`, words that such
/// bills have for Zhipu, which publishes none. Their quantities have a unit for each item, so none is taken for tokens
/// unless a person says so (`--columns`). As of November 2026, without a bill of each at hand: so the names are only
/// looked for, what was read is told, and what is missing is asked for.
extension Provider {
    var billLayout: BillLayout {
        switch self {
        case .openai: BillLayout(Self.openAIBill)
        case .anthropic: BillLayout(Self.anthropicBill)
        case .alibaba: BillLayout(Self.alibabaBill)
        case .tencent: BillLayout(Self.tencentBill)
        case .baidu: BillLayout(Self.baiduBill)
        case .zhipu: BillLayout(Self.zhipuBill)
        case .sandbox: BillLayout([:])
        }
    }

    /// In whose days the platform bills.
    var billZone: StatisticsZone {
        switch self {
        case .openai, .anthropic, .sandbox: .utc
        case .alibaba, .tencent, .baidu, .zhipu: .offset(480)
        }
    }

    var billCurrency: String {
        switch self {
        case .openai, .anthropic, .sandbox: "USD"
        case .alibaba, .tencent, .baidu, .zhipu: "CNY"
        }
    }

    private static let openAIBill: [BillField: [String]] = [
        .id: ["request_id", "x_request_id"],
        .date: ["start_time_iso", "start_time", "usage_date", "date", "timestamp"],
        .input: ["input_tokens"], .output: ["output_tokens"],
        .cost: ["amount_value", "amount.value", "cost_usd", "cost", "amount"],
        .currency: ["amount_currency", "amount.currency", "currency"],
    ]

    /// Its input tokens are told without those of the cache.
    private static let anthropicBill: [BillField: [String]] = [
        .id: ["request_id"],
        .date: ["usage_date_utc", "usage_date", "starting_at", "date"],
        .input: [
            "usage_input_tokens_no_cache+usage_input_tokens_cache_write_5m+usage_input_tokens_cache_write_1h+usage_input_tokens_cache_read",
            "uncached_input_tokens+cache_creation.ephemeral_5m_input_tokens+cache_creation.ephemeral_1h_input_tokens+cache_read_input_tokens",
            "input_tokens",
        ],
        .output: ["usage_output_tokens", "output_tokens"],
        .cost: ["cost_usd", "cost"], .currency: ["currency"],
    ]

    private static let alibabaBill: [BillField: [String]] = [
        .id: ["请求ID", "RequestId"],
        .date: ["消费时间", "账单日期", "消费日期", "使用开始时间", "BillingDate", "UsageStartTime"],
        .cost: ["应付金额", "PretaxAmount"], .currency: ["币种", "Currency"],
    ]

    private static let tencentBill: [BillField: [String]] = [
        .id: ["请求ID", "RequestId"],
        .date: ["使用开始时间", "扣费时间", "日期", "Usage Start Time", "Transaction Time", "Date"],
        .cost: ["优惠后总价", "Total Cost", "Total Amount After Discount", "RealTotalCost"],
        .currency: ["币种", "Currency"],
    ]

    private static let baiduBill: [BillField: [String]] = [
        .id: ["请求ID", "RequestId"],
        .date: ["消费日期", "账单日期", "开始时间", "startTime"],
        .cost: ["应付金额", "financePrice"], .currency: ["币种", "currency"],
    ]

    private static let zhipuBill: [BillField: [String]] = [
        .id: ["请求ID", "request_id"],
        .date: ["消费时间", "账单日期", "消费日期", "日期"],
        .cost: ["应付金额", "实付金额", "消费金额", "金额"], .currency: ["币种", "currency"],
    ]
}
