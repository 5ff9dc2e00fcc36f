import Shared
import Testing

@testable import Submitter

/// Numbers, dates, columns and rows of bills.
@Suite struct BillReadingTests {
    @Test(arguments: [
        ("12", "12"), (" 1,234,567.50 ", "1234567.50"), ("-3.5", "-3.5"), ("+7", "7"), (".5", "0.5"), ("5.", "5"),
        ("1.5e-06", "1.5e-06"), ("$1.20", "1.20"), ("US$2", "2"), ("¥ 3.1", "3.1"), ("4元", "4"), ("5.5 CNY", "5.5"), ("", "0"),
        ("-", "0"), ("1,23", nil), ("1.234,5", nil), ("12,3456", nil), ("abc", nil), ("1.2.3", nil), ("1e99", nil), ("--5", nil),
        ("NaN", nil), ("Infinity", nil), ("0x10", nil), ("٣", nil), (String(repeating: "9", count: 41), nil),
    ] as [(String, String?)])
    func `a number is read as bills write one, and a doubtful comma is none`(_ cell: String, _ number: String?) {
        #expect(BillNumber.text(cell) == number)
    }

    private static let day = CivilDate(year: 2026, month: 11, day: 9)

    @Test(arguments: [
        "2026-11-09", "2026/11/9", "2026.11.09", "20261109", "2026年11月9日", "2026-11-09 23:59:59", "2026-11-09T10:00",
        "2026-11-09 00:00:00 ~ 2026-11-09 23:59:59", " 2026-11-09 ", "2026/11/09 10:20:30 GMT",
    ])
    func `a date is a day of the platform's`(_ cell: String) {
        #expect(BillDate(cell) == .day(Self.day))
    }

    @Test func `a time with a zone is a moment`() {
        let noon: Int64 = 1_794_225_600_000
        for cell in [
            "2026-11-09T12:00:00Z", "2026-11-09T20:00:00+08:00", "2026-11-09 20:00:00.123 +08:00", "2026-11-09T07:00-0500",
            "1794225600", "1794225600000",
        ] { #expect(BillDate(cell) == .moment(noon), "\(cell)") }
    }

    @Test(arguments: ["", "合计", "2026-02-30", "2026-13-01", "09/11/2026", "2026-11", "2026-11-095", "123", "2026-11/09"])
    func `what is no date is none`(_ cell: String) {
        #expect(BillDate(cell) == nil)
    }

    // MARK: - Rows

    private func rows(
        _ text: String, _ layout: BillLayout, _ conditions: [BillRows.Condition] = [], needs: Set<BillField> = []
    ) throws -> (rows: [BillRow], reader: BillRows) {
        var pieces = [Array(text.utf8)]
        var reader = try BillRows({ pieces.popLast() }, layout, conditions: conditions, needs: needs)
        var rows: [BillRow] = []
        while let row = try reader.next() { rows.append(row) }
        return (rows, reader)
    }

    @Test func `OpenAI's columns are found in any order and any letters`() throws {
        let text = "Amount_Value,line_item,START_TIME_ISO,amount_currency\n0.5,x,2026-11-09T00:00:00Z,usd\n"
        let read = try rows(text, Provider.openai.billLayout)

        #expect(read.rows.count == 1 && read.rows[0].cost == "0.5" && read.rows[0].currency == "USD")
        #expect(read.rows[0].date == .moment(1_794_182_400_000))
        #expect(read.reader.found == [.cost: "amount_value", .date: "start_time_iso", .currency: "amount_currency"])
    }

    @Test func `Anthropic's input is a sum of four columns`() throws {
        let text = """
            usage_date_utc,model_version,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,\
            usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens
            2026-11-09,claude,10,20,30,40,"1,000"
            """
        let row = try #require(try rows(text, Provider.anthropic.billLayout).rows.first)

        #expect(row.input == "1 10 20 30 40" && row.output == "1000" && row.cost == nil)
    }

    @Test func `a cloud's bill has lines above its header, units behind names, other products and a total`() throws {
        let text = """
            账号,12345
            导出时间,2026-12-01

            消费时间,产品,用量(千tokens),应付金额(元),币种
            2026-11-09,大模型,"1,5",3.2,人民币
            2026-11-09,云服务器,7,99,人民币
            2026-11-10,`大模型,2,0.1,CNY
            合计,大模型,,102.3,
            """
        let layout = try Provider.alibaba.billLayout.with("tokens=用量*1000")
        let model = BillRows.Condition(column: "产品", text: "大模型")
        #expect(throws: BillMistake("line 5, column 3: expected a number as in 1,234.5, where a comma is not a decimal one")) {
            try rows(text, layout, [model], needs: [.date])
        }
        let read = try rows(text.replacing("\"1,5\"", with: "1.5"), layout, [model], needs: [.date])

        #expect(read.rows.map(\.line) == [5, 7] && read.rows.map(\.tokens) == ["1000 1.5", "1000 2"])
        #expect(read.rows.map(\.cost) == ["3.2", "0.1"] && read.rows.allSatisfy { $0.currency == "CNY" })
        #expect(read.reader.undated.count == 1 && read.reader.undated.first == 8)
    }

    @Test func `columns that are not known are asked for, with those that there are`() throws {
        let mistake = #expect(throws: BillMistake.self) { try rows("Tag,Betrag\n1,2\n", Provider.zhipu.billLayout, needs: [.date]) }
        #expect(mistake?.description.contains("expected date, cost, or tokens, or input and output") == true)
        #expect(mistake?.description.hasSuffix("Line 1 has: Tag, Betrag") == true)
        let named = try Provider.zhipu.billLayout.with("date=Tag, cost=Betrag")
        #expect(try rows("Tag,Betrag\n2026-11-09,2\n", named, needs: [.date]).rows.first?.cost == "2")
        #expect(throws: BillMistake("the bill is empty")) { try rows("", named) }
        #expect(throws: BillMistake.self) {
            try rows("Tag,Betrag\n1,2\n", named, [.init(column: "Produkt", text: "x")])
        }
    }

    @Test(arguments: Provider.allCases.filter { $0 != .sandbox })
    func `every platform's bill is known by day and money`(_ provider: Provider) throws {
        let layout = provider.billLayout
        let (date, cost) = (try #require(layout.sources[.date]?.first), try #require(layout.sources[.cost]?.first))
        let text = "\(date.text),\(cost.text)\n2026-11-09,1.5\n"

        #expect(try rows(text, layout, needs: [.date]).rows.map(\.cost) == ["1.5"])
    }

    @Test func `a wrong --columns is refused`() {
        for text in ["date", "day=Tag", "date="] {
            #expect(throws: (any Error).self) { try Provider.openai.billLayout.with(text) }
        }
    }
}
