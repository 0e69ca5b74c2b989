"""novel_forms.py - the characters of the novels: bytes of Big5 that were lost, and usual forms.

Some books were read as Big5 without the byte F9 of 裏 (F9 D8): the rest of the line up to the next
Latin letter then shows other characters (「堶情A」 for 「裏面，」). `repaired` puts the byte back.
"""
import re

CALL_TO_ARMS = 6  # hard line breaks; made from simplified characters with 里 and 于 left
BOOKS_WITH_OLD_FORMS = (23, 24)

# Simplified characters and forms that are not usual in Taiwan → usual ones. No form here has
# another meaning in these books.
OLD = (
    '裏爲衆牀喫祇纔麽擡覰鈎鬬鬪顔臯竈袴齩啓粧駡凴敍輭鼈恒遥兑钦垫浅锥瘾抛坠橹刹叠焕荤庐涣迹烟烫馀凭粤溃滨叶厢葱书懑'
    '歎箇麤踪汙閙寃勅菓剳麪麫欵産僞嫺繮礮戯羮殻銹掳讪呐嗳怄迳亘恥'
)
USUAL = (
    '裡為眾床吃只才麼抬覷鉤鬥鬥顏皋灶褲咬啟妝罵憑敘軟鱉恆遙兌欽墊淺錐癮拋墜櫓剎疊煥葷廬渙跡煙燙餘憑粵潰濱葉廂蔥書懣'
    '嘆個粗蹤污鬧冤敕果札麵麵款產偽嫻韁砲戲羹殼鏽擄訕吶噯慪逕亙恥'
)
FORMS = str.maketrans(OLD, USUAL)
SURNAME = re.compile('於(?=公|謙|廷益|忠肅|冕|吉|禁)')  # the surname 于, converted too much
SIMPLIFIED = (
    (re.compile('(?<![一二三四五六七八九十百千萬數幾半公鄰故鄉海])里(?!巷|程|正|長|弄)'), '裡'),
    (re.compile('于'), '於'),
    (re.compile('楮'), '睛'),
    (re.compile('听'), '聽'),
    (re.compile('几'), '幾'),
)
SHIFTED = re.compile('[\u4e00-\u9fff][^\x00-\x7f]{0,14}[@-~]')


def unshifted(text):
    """The text whose Big5 bytes lost F9 at their front, or None."""
    try:
        data = text.encode('cp950')
        return (b'\xf9' + data).decode('cp950') if data[0] == 0xD8 else None
    except UnicodeError:
        return None


def repaired(line):
    out, at = '', 0
    while at < len(line):
        match = SHIFTED.match(line, at)
        text = match and unshifted(match.group())
        out += text or line[at]
        at = match.end() if text else at + 1
    return out


def without_note_marks(line):
    """Lu Xun's text without the letters that refer to its notes."""
    return re.sub('[ぁ-んァ-ヾ]', '', line)


def usual_forms(line, number):
    line = SURNAME.sub('于', line.translate(FORMS))
    if number == CALL_TO_ARMS:
        for pattern, form in SIMPLIFIED:
            line = pattern.sub(form, line)
    return line
