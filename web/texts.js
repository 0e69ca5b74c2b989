/**
 * texts.js - two small texts to train on: the beginning of tests/golden/train-tales.txt, and 450 poems of the Tang.
 *
 * Fetched when a figure trains. The poems have verses of five characters, 12 verses at most, and only the 1,000
 * characters that are most frequent in such poems, in the order of the collection. All are in the public domain.
 */

export const poems = `江柳斷腸色，黃絲垂未齊。人看幾重恨，鳥入一枝低。鄉淚正堪落，與君又解攜。相思萬里道，春去夕陽西。
多病長無事，開筵暫送君。正愁帆帶雨，莫望水連雲。客思閑偏極，川程遠更分。不須論早晚，惆悵又離羣。
醉後未能別，待醒方送君。看君走馬去，直上天山雲。
見底高秋水，開懷萬里天。旅吟還有伴，沙柳數枝蟬。
歡愛今何在，悲啼亦是空。同爲一夜夢，共過十年中。
白日依山盡，黃河入海流。欲窮千里目，更上一層樓。
寂歷遠山意，微冥半空碧。綠蘿無冬春，彩雲竟朝夕。張子海內奇，久爲巖中客。聖君當夢想，安得老松石。
南樓夜已寂，暗鳥動林間。不見城郭事，沈沈唯四山。
流芳能幾日，惆悵又聞蟬。行在多新貴，幽棲獨長年。
送君游梅湖，應見梅花發。有使寄我來，無令紅芳歇。暫行新林浦，定醉金陵月。莫惜一鴈書，音塵坐胡越。
百戰得功名，天兵意氣生。三邊永不戰，此是我皇英。
新霽洛城端，千家積雪寒。未收清禁色，偏向上陽殘。
月上隨人意，人閑月更清。朱樓高百尺，不見到天明。
關山客子路，花柳帝王城。此中一分手，相顧憐無聲。
樓上春風過，風前楊柳歌。枝疎緣別苦，曲怨爲年多。花驚燕地雪，葉映楚池波。誰堪別離此，征戍在交河。
夜久燭花落，淒聲生遠林。有懷嫌會淺，無事又秋深。黃葉歸田夢，白頭行路吟。山中亦可樂，不似此同襟。
不得同君住，當春別帝鄉。年華落第老，岐路出關長。芳草緣流水，殘花向夕陽。懷親暫歸去，非是釣滄浪。
小院無人夜，煙斜月轉明。清宵易惆悵，不必有離情。
蜀地寒猶暖，正朝發早梅。偏驚萬里客，已復一年來。
古樹春風入，陽和力太遲。莫言生意盡，更引萬年枝。
楚水平如鏡，周迴白鳥飛。金陵幾多地，一去不知歸。
孤鸞將鶴羣，晴日麗春雲。何幸晚飛者，清音長此聞。
山上天將近，人間路漸遙。誰當雲裏見，知欲渡仙橋。
夜泊江門外，歡聲月裏樓。明朝歸去路，猶隔洞庭秋。
遊人未入門，花影出門前。將軍來此住，十里無荒田。
此君臨此池，枝低水相近。碧色綠波中，日日流不盡。
一念心清淨，蓮華處處開。一華一淨土，一土一如來。
秋風吹故城，城下獨吟行。高樹鳥已息，古原人尚耕。流年川暗度，往事月空明。不復歎岐路，馬前塵夜生。
上方鳴夕磬，林下一僧還。密行傳人少，禪心對虎閑。青松臨古路，白月滿寒山。舊識窗前桂，經霜更待攀。
青冥通去路，誰見獨隨緣。此地春前別，何山夜後禪。石橋隱深樹，朱闕見晴天。好是修行處，師當住幾年。
誰識往來意，孤雲長自閑。風寒未渡水，日暮更看山。木落衆峰出，龍宮蒼翠間。
家寄征江岸，征人幾歲遊。不知潮水信，每日到沙頭。
山泉兩處晚，花柳一園春。還持千日醉，共作百年人。
花發鳥仍啼，行行路欲迷。二真無問處，虛度武陵溪。
過淮芳草歇，千里又東歸。野水吳山出，家林越鳥飛。荷香隨去棹，梅雨點行衣。無數滄江客，如君達者稀。
故人天下定，垂釣碧巖幽。舊跡隨臺古，高名寄水流。鳥喧羣木晚，蟬急衆山秋。更待新安月，憑君暫駐舟。
上國杳未到，流年忽復新。回車不自識，君定送何人。
昔辭懷後會，今別便終天。新悲與舊恨，千古閉窮泉。
寒色凝羅幕，同人清夜期。玉杯留醉處，銀燭送歸時。獨坐隔千里，空吟對雪詩。
憶昨秋風起，君曾歎逐臣。何言芳草日，自作九泉人。
客心仍在楚，江館復臨湘。別意猿鳥外，天寒桂水長。
自從君別後，常守舊時心。洛陽來路遠，還用幾黃金。
高關閑獨望，望久轉愁人。紫塞唯多雪，胡山不盡春。河遙分斷野，樹亂起飛塵。時見東來騎，心知近別秦。
別路雲初起，離亭葉正飛。所嗟人異鴈，不作一行歸。
水宿煙雨寒，洞庭霜落微。月明移舟去，夜靜魂夢歸。暗覺海風度，蕭蕭聞鴈飛。
遲遲日氣暖，漫漫雪天春。知君欲醉飲，思見此交親。
閑琴開旅思，清夜有愁心。圓月正當戶，微風猶在林。蒼茫孤亭上，歷亂多秋音。言念待明發，東山幽意深。
幽人惜春暮，潭上折芳草。佳期何時還，欲寄千里道。
孤城臨遠水，千里見寒山。白雪無人唱，滄洲盡日閑。鳥歸殘燒外，帆出斷雲間。此地秋風起，應隨計吏還。
宿昔相思苦，今宵良會稀。欲持留客被，一願拂君衣。
江上翁開門，開門向衰草。只知愁子孫，不覺生涯老。
花開不同賞，花落不同悲。欲問相思處，花開花落時。
紫府歸期斷，芳洲別思迢。黃金作人世，只被歲寒消。
洛陽訪才子，江嶺作流人。聞說梅花早，何如北地春。
出家童子歲，愛此雪山人。長路經千里，孤雲伴一身。水中應見月，草上豈傷春。永日空林下，心將何物親。
細泉深處落，夜久漸聞聲。獨起出門聽，欲尋當澗行。還疑隔林遠，復畏有風生。月下長來此，無人亦到明。
生平酌與吟，誰是見君心。上國一歸去，滄波閑至今。鐘繁秋寺遠，岸闊晚濤深。疎放長如此，何人更得尋。
夜夜夢蓮宮，無由見遠公。朝來出門望，知在雪山中。
晚年唯好靜，萬事不關心。自顧無長策，空知返舊林。松風吹解帶，山月照彈琴。君問窮通理，漁歌入浦深。
莫問古宮名，古宮空有城。惟應東去水，不改舊時聲。
寺隔殘潮去，採藥過泉聲。林塘秋半宿，風雨夜深來。
酒杯春醉好，飛雪晚庭閑。久憶同前賞，中林對遠山。
宿君湖上宅，琴韻靜參差。夜雪入秋浦，孤城連貴池。流年看共老，銜酒發中悲。良會應難再，晨雞自有期。
相逢唯道在，誰不共知貧。歸路分殘雨，停舟別故人。霜明松嶺曉，花暗竹房春。亦有棲閑意，何年可寄身。
去年無花看，今年未看花。更聞飄落盡，走馬向誰家。
一合相思淚，臨江灑素秋。碧波如會意，却與向西流。
向晚小乘遊，朝來新上頭。從來許長袖，未有客難留。
玉管朝朝弄，清歌日日新。折花當驛路，寄與隴頭人。
嶺外春過半，途中火又新。殷勤清遠峽，留戀北歸人。
日日人空老，年年春更歸。相歡在尊酒，不用惜花飛。
清淨當深處，虛明向遠開。卷簾無俗客，應只見雲來。
洛水照千門，千門碧空裏。少年不得志，走馬遊新市。
渡口欲黃昏，歸人爭渡喧。近鐘清野寺，遠火點江村。見雁思鄉信，聞猿積淚痕。孤舟萬里外，秋月不堪論。
來過竹里館，日與道相親。出入唯山鳥，幽深無世人。
一雨三秋色，蕭條古寺間。無端登水閣，有處似家山。白日生新事，何時得暫閑。將知老僧意，未必戀松關。
今日轉船頭，金烏指西北。煙波與春草，千里同一色。
謝公鄰里在，日夕問佳期。春水人歸後，東田花盡時。下樓閑待月，行樂笑題詩。他日吳中路，千山入夢思。
樓空人不歸，雲白去時衣。黃鶴無心下，長應笑令威。
松下問童子，言師採藥去。只在此山中，雲深不知處。
樓上春風過，風前楊柳歌。枝疎緣別苦，曲怨爲年多。花驚燕地雲，葉映楚池波。誰堪別離此，征戍在交河。
衰鬢朝臨鏡，將看却自疑。慙君明似月，照我白如絲。
湘水風日滿，楚山朝夕空。連峰雖已見，猶念長雲中。
愁見清明後，紛紛蓋地紅。惜看難過日，自落不因風。蝶散餘香在，鶯啼半樹空。堪悲一尊酒，從此似西東。
君去期花時，花時君不至。簷前雙燕飛，落妾相思淚。
石城古岸頭，一望思悠悠。幾許六朝事，不禁江水流。
他道愁勝死，兒言死勝愁。日夜懸心憶，知隔幾年秋。
野橋春水清，橋上送君行。去去人應老，年年草自生。出門看遠道，無信向邊城。楊柳別離處，秋蟬今復鳴。
桂樹生南海，芳香隔楚山。今朝天上見，疑是月中攀。
天下傷心處，勞勞送客亭。春風知別苦，不遣柳條青。
無論行遠近，歸向舊煙林。寥落人家少，青冥鳥道深。白雲長滿目，芳草自知心。
春草平陵路，荷衣醉別離。將尋洛陽友，共結洞庭期。星月半山盡，天雞出海遲。無輕此分手，他日重相思。
事與年俱往，情將分共深。莫驚容鬢改，只是舊時心。
送客攀花後，尋僧坐竹時。明朝莫回望，青草馬行遲。
八月更漏長，愁人起常早。閉門寂無事，滿院生秋草。昨宵西窗夢，夢入荆南道。遠客歸去來，在家貧亦好。
佳人去千載，溪山久寂寞。野水浮白煙，巖花自開落。猨鳥舊清音，風月閑樓閣。無語立斜陽，幽情入天幕。
朝見青山雪，暮見青山雲。雲山無斷絕，秋思日紛紛。
采菊偏相憶，傳香寄便風。今朝竹林下，莫使桂尊空。
陌頭楊柳枝，已被春風吹。妾心正斷絕，君懷那得知。
青樓含日光，綠池起風色。贈子同心花，殷勤此何極。
金谷園中柳，春來似舞腰。何堪好風景，獨上洛陽橋。
好日當秋半，層波動旅腸。已行千里外，誰與共秋光。
庭花已結子，巖花猶弄色。誰令生處遠，用盡春風力。
花開蝶滿枝，花謝蝶還稀。惟有舊巢燕，主人貧亦歸。
月色明如晝，蟲聲入戶多。狂夫自不歸，滿地無天河。
陽關多古調，無奈醉中聞。歸夢吳山遠，離情楚水分。孤舟經暮雨，征路入秋雲。後夜同明月，山窗定憶君。
十年勞遠別，一笑喜相逢。又上青山去，青山千萬重。
有月曾同賞，無秋不共悲。如何與君別，又是菊花時。
暮蟬不可聽，落葉豈堪聞。共是悲秋客，那知此路分。荒城背流水，遠鴈入寒雲。陶令門前菊，餘花可贈君。
萬里流沙道，西征過北門。但添新戰骨，不返舊征魂。樓角臨風迥，城陰帶水昏。傳聲看驛使，送節向河源。
邊地鶯花少，年來未覺新。美人天上落，龍塞始應春。
莫話傷心事，投春滿鬢霜。殷勤共尊酒，今歲只殘陽。
秋色上庭枝，愁懷切向誰。青雲無勢日，華髮有狂時。枕上聞風雨，江南繫別離。如何吟到此，此道不聞知。
城中塵外住，入望是田家。井出深山水，闌藏異國花。風巢和鳥動，雪竹向人斜。來往唯君熟，鄉園共海涯。
畫閣餘寒在，新年舊燕歸。梅花猶帶雪，未得試春衣。
一身無定處，萬里獨銷魂。芳草迷歸路，春衣滴淚痕。幾時休旅食，向夜宿江村。欲識異鄉苦，空山啼暮猨。
昨見春條綠，那知秋葉黃。蟬聲猶未斷，寒鴈已成行。
明從何處去，暗從何處來。但覺年年老，半是此中催。
好日當秋半，層波動旅腸。已行千里外，誰與共秋光。
雲密連江暗，風斜著物鳴。一杯真戰將，笑爾作愁兵。
共得煙霞徑，東歸山水遊。蕭蕭望林夜，寂寂坐中秋。
對酒何曾醉，尋僧未覺閑。無人不惆悵，終日見南山。
北人歸欲盡，猶自住蕭山。閉戶不曾出，詩名滿世間。
歸時日尚早，更欲向芳洲。渡口水流急，迴船不自由。
別離非一處，此處最傷情。白髮將春草，相隨日日生。
綠豔閑且靜，紅衣淺復深。花心愁欲斷，春色豈知心。
離亭一會宿，能有幾人同。莫以回車泣，前途不盡窮。
日落衆山昏，蕭蕭暮雨繁。那堪兩處宿，共聽一聲猨。
楊柳色已改，郊原日復低。煙生寒渚上，霞散亂山西。待月人相對，驚風鴈不齊。此心君莫問，舊國去將迷。
星樓望蜀道，月峽指吳門。萬行流別淚，九折切驚魂。雪影含花落，雲陰帶葉昏。還愁三徑晚，獨對一清尊。
畫君年少時，如今君已老。今時新識人，知君舊時好。
自爾出門去，淚痕長滿衣。家貧爲客早，路遠得書稀。文字何人賞，煙波幾日歸。秋風正搖落，孤鴈又南飛。
我與雷居士，平生事遠公。無人知是舊，共到影堂中。
初宵門未掩，獨坐對霜空。極目故鄉月，滿溪寒草風。樵聲當嶺上，僧語在雲中。正恨歸期晚，蕭蕭聞塞鴻。
滄浪臨古道，道上若成塵。自有滄浪峽，誰爲無事人。
西陵遇風處，自古是通津。終日空江上，雲山若待人。汀洲寒事早，魚鳥興情新。迴望山陰路，心中有所親。
白石峰猶在，橫橋一徑微。多年無客過，落日有雲歸。水淨苔生髮，山寒樹著衣。如何方廣寺，千古去人稀。
霞景青山上，誰知此勝遊。龍沙傳往事，菊酒對今秋。步石隨雲起，題詩向水流。忘歸更有處，松下片雲幽。
初霽獨登賞，西樓多遠風。橫煙秋水上，疎雨夕陽中。高樹下山鳥，平蕪飛草蟲。唯應待明月，千里與君同。
門前洛陽道，門裏桃花路。塵土與煙霞，其間十餘步。
今歲今宵盡，明年明日催。寒隨一夜去，春逐五更來。氣色空中改，容顏暗裏回。風光人不覺，已著後園梅。
暫別勞相送，佳期願莫違。朱顏不須老，留取待郎歸。
年少輕行樂，東城南陌頭。與君寂寞意，共作草堂遊。
白草寒露裏，亂山明月中。是夕苦吟罷，寒燭與君同。
人間惟此路，長得綠苔衣。及戶無行跡，遊方應未歸。平生無限事，到此盡知非。獨倚松門久，陰雲昏翠微。
峰色秋天見，松聲靜夜聞。影孤長不出，行道在寒雲。
客在劒門外，新年音信稀。自爲千里別，已送幾人歸。陌上月初落，馬前花正飛。離言殊未盡，春雨滿行衣。
玉管朝朝弄，清歌日日新。折花當驛路，寄與隴頭人。
高樹臨溪豔，低枝隔竹繁。何須是桃李，然後欲忘言。擬折魂先斷，須看眼更昏。誰知南陌草，却解望王孫。
小松初數尺，未有直生枝。閑即傍邊立，看多長却遲。
橋下淺深水，竹間紅白花。酒仙同避世，何用厭長沙。
曙月當窗滿，征人出塞遙。畫樓終日閉，清管爲誰調。
上陽宮裏女，玉色楚人多。西信無因得，東遊奈樂何。
自得中峰住，深林亦閉關。經秋無客到，入夜有僧還。暗澗泉聲小，荒村樹影閑。高窗不可望，星月滿空山。
已作亭下別，未忘燈下情。吟今欲就枕，更漏轉分明。
暮過潭上寺，獨宿白雲間。鐘磬遙連樹，星河半隔山。石中泉暗落，松外戶初關。却憶終南裏，前秋此夕還。
東門車馬路，此路在浮沈。白日若不落，紅塵應更深。從來名利地，皆起是非心。所以青青草，年年生漢陰。
惜君才未遇，愛君才若此。世上五百年，吾家一千里。俱遊帝城下，忽在梁園裏。我今行山東，離憂不能已。
數歇度煙水，漸非塵俗間。泉聲入秋寺，月色遍寒山。石路幾回雪，竹房猶閉關。
飛閣青霞裏，先秋獨早涼。天花映窗近，月桂拂簷香。華岳三峰小，黃河一帶長。空間指歸路，煙際有垂楊。
暮景千山雪，春寒百尺樓。獨登還獨下，誰會我悠悠。
臥來能幾日，春事已依然。不解謝公意，翻令靜者便。庭陰殘舊雪，柳色帶新年。寂寞深村裏，唯君相訪偏。
九江歸路遠，萬里客舟還。若過巴江水，湘東滿碧煙。
危石江中起，孤雲嶺上還。相逢皆得意，何處是鄉關。
高浪如銀屋，江風一發時。筆端降太白，才大語終奇。
爲客自堪悲，風塵日滿衣。承明無計入，舊隱但懷歸。雪積孤城暗，燈殘曉角微。相逢喜同宿，此地故人稀。
無語與花別，細看枝上紅。明年又相見，還恐是愁中。
柳拂斜開路，籬邊數戶村。可能還有意，不掩向江門。
古人留路去，今日共君行。若待青山盡，應逢白髮生。誰知到蘭若，流落一書名。
念遠心如燒，不覺中夜起。桃花帶露泛，立在月明裏。
陰洞日光薄，花開不及時。當春無半樹，經燒足空枝。疎與香風會，細將泉影移。此中人到少，開盡幾人知。
江草暖初綠，雁行皆北飛。異鄉那久客，野鳥尚思歸。十載過如夢，素心應已違。行行家漸遠，更苦得書稀。
杜門成白首，湖上寄生涯。秋草蕪三徑，寒塘獨一家。鳥歸村落盡，水向縣城斜。自有東籬菊，年年解作花。
潮水還歸海，流人却到吳。相逢問愁苦，淚盡日南珠。
山中春已晚，處處見花稀。明日來應盡，林間宿不歸。
那言柳亂垂，盡日任風吹。欲識千條恨，和煙折一枝。
滿眼桃李花，愁人如不見。別有惜花人，東風莫吹散。
海岸耕殘雪，溪沙釣夕陽。客中何所有，春草漸看長。
江浦程千里，離尊淚數行。無論吳與楚，俱是客他鄉。
高秋夜分後，遠客雁來時。寂寞重門掩，無人問所思。
舊亭紅粉閣，宿處白雲關。春日雙飛去，秋風獨不還。
上士愛清輝，開門向翠微。抱琴看鶴去，枕石待雲歸。野坐苔生席，高眠竹挂衣。舊山東望遠，惆悵暮花飛。
一坐西林寺，從來未下山。不因尋長者，無事到人間。宿雨愁爲客，寒花笑未還。空懷舊山月，童子念經閑。
秦樓花發時，秦女笑相隨。及到秋風日，飛來欲問誰。
我欲長生夢，無心解傷別。千里萬里心，只似眼前月。
故關衰草遍，離別自堪悲。路出寒雲外，人歸暮雪時。少孤爲客早，多難識君遲。掩淚空相向，風塵何處期。
我昔勝君昔，君今勝我今。人生一世事，何用苦相侵。
萬里春應盡，三江鴈亦稀。連天漢水廣，孤客未言歸。
抱玉三朝楚，懷書十上秦。年年洛陽陌，花鳥弄歸人。
漢家三殿色，恩澤若飄風。今日黃金屋，明朝長信宮。
水國秋風夜，殊非遠別時。長安如夢裏，何日是歸期。
此地常無日，青青獨在陰。太陽偏不及，非是未傾心。
城上風威冷，江中水氣寒。戎衣何日定，歌舞入長安。
田園臨漢水，離亂寄隨關。今日煙塵盡，東西又未還。長亭百越外，孤櫂五湖間。何處遊芳草，雲門千萬山。
晚入應真理，經行尚未回。房中無俗物，林下有青苔。
人閑桂花落，夜靜春山空。月出驚山鳥，時鳴春澗中。
惜別遠相送，却成惆悵多。獨歸回首處，爭那暮山何。
遙想觀濤處，猶意採蓮歌。無因關塞葉，共下洞庭波。
當年歌舞時，不說草離離。今日歌舞盡，滿園秋露垂。
湘山千嶺樹，桂水九秋波。露重猨聲絕，風清月色多。
流水何太急，深宮盡日閑。殷勤謝紅葉，好去到人間。
送客攀花後，尋僧坐竹時。明朝莫回望，青草馬行遲。
花前始相見，花下又相送。何必言夢中，人生盡如夢。
夜戰桑乾北，秦兵半不歸。朝來有鄉信，猶自寄征衣。
落日早蟬急，客心聞更愁。一聲來枕上，夢裏故園秋。
師住青山寺，清華常繞身。雖然到城郭，衣不上棲塵。
白首獨一身，青山爲四鄰。雖行故鄉陌，不見故鄉人。
畏老身全老，逢春解惜春。今年看花伴，已少去年人。
白玉誰家郎，回車渡天津。看花東上陌，驚動洛陽人。
東來萬里客，亂定幾年歸。腸斷江城鴈，高高正北飛。
日日思前路，朝朝別主人。行行山水上，處處鳥啼新。
沙鶴上階立，潭月當戶開。此中留我宿，兩夜不能迴。幸與靜境遇，喜無歸侶催。從今獨遊後，不擬共人來。
白玉誰家郎，回車渡天津。看花東陌上，驚動洛陽人。
歸夢如春水，悠悠遶故鄉。駐馬渡江處，望鄉待歸舟。
此心復何已，新月清江長。雲歸石壁盡，月照霜林清。
見底高秋水，開懷萬里天。旅吟還有伴，沙柳數枝蟬。
朝出自不還，暮歸花盡發。豈無終日會，惜此花間月。空館忽相思，微鐘坐來歇。
終年九陌行，要路跡皆生。苦學猶難至，甘貧豈有成。病攜秋卷重，閑著暑衣輕。一別林泉久，中宵御水聲。
登樓一南望，淮樹楚山連。見鴈無書寄，歸吳定此年。
長途已自窮，此去便西東。樹色榮衰裏，人心往返中。別情流水急，歸夢故山空。莫忘交遊分，從來事一同。
登岸還入舟，水禽驚笑語。晚葉低衆色，濕雲帶繁暑。落日乘醉歸，溪流復幾許。
晚泊長江口，寒沙白似霜。年光流不盡，東去水聲長。
暗歸草堂靜，半入花園去。有時載酒來，不與清風遇。
春風吹愁端，散漫不可收。不如古溪水，祗望鄉江流。
小水通大河，山深鳥宿多。主人看客好，曲路亦相過。
得道任髮白，亦逢城市遊。新經天上取，稀藥洞中收。春木帶枯葉，新蒲生漫流。年年望靈鶴，常在此山頭。
風雨去愁晚，關河歸思涼。西遊無紫氣，一夕九回腸。
南登杜陵上，北望五陵間。秋水明落日，流光滅遠山。
聖德垂甘露，天章下大風。又乘黃閣賞，願作黑頭公。
亭寒照苦月，隴暗積愁雲。今日山門樹，何處有將軍。
二句三年得，一吟雙淚流。知音如不賞，歸臥故山秋。
雲陰帶殘日，悵別此何時。欲望黃山道，無由見所思。
故園歸未得，此日意何傷。獨坐水邊草，水流春日長。
醉中還有夢，身外已無心。明鏡唯知老，青山何處深。
牀前看月光，疑是地上霜。舉頭望山月，低頭思故鄉。
風鳴雲外鐘，鶴宿千年松。相思杳不見，月出山重重。
吟想舊經過，花時奈遠何。別來長似見，春夢入關多。
胡風千里驚，漢月五更明。縱有還家夢，猶聞出塞聲。
溪路千里曲，哀猿何處鳴。孤臣淚已盡，虛作斷腸聲。
心偶羨明代，學詩觀國風。自從來闕下，未勝在山中。丹桂日應老，白雲居久空。誰能謝詩去，聊與此生同。
樓空人不歸，雲似去時衣。黃鶴無心下，長應笑令威。
青青水中蒲，葉短不出水。婦人不下堂，行子在萬里。
問春從此去，幾日到秦原。憑寄還鄉夢，殷勤入故園。
秋郊日半隱，野樹煙初映。風水正蕭條，那堪動離詠。
野煙含夕渚，山月照秋林。還將中散興，來偶步兵琴。
青青水中蒲，下有一雙魚。君今上隴去，我在與誰居。
異國逢佳節，憑高獨苦吟。一杯今日醉，萬里故園心。水館紅蘭合，山城紫菊深。白衣雖不至，鷗鳥自相尋。
上方精舍遠，共宿白雲端。寂寞千峰夜，蕭條萬木寒。山光霜下見，松色月中看。却與西林別，歸心即欲闌。
懷師不可攀，師往杳冥間。林下誰聞法，塵中只見山。終年人不到，盡日鳥空還。曾聽無生說，應憐獨未還。
香爐宿火滅，蘭燈宵影微。秋齋獨臥病，誰與覆寒衣。
後會知不遠，今歡亦願留。江天梅雨散，況在月中樓。
逐舞飄輕袖，傳歌共繞梁。動枝生亂影，吹花送遠香。
求閑身未得，此日到京東。獨在鐘聲外，相逢樹色中。誰言人漸老，所向意皆同。月上因留宿，移牀對藥叢。
巴水天邊路，啼猿傷客情。遲遲雲外盡，杳杳樹中生。殘月暗將落，空霜寒欲明。楚人皆掩淚，聞到第三聲。
不隨晴野盡，獨向深松積。落照入寒光，偏能伴幽寂。
月出照關山，秋風人未還。清光無遠近，鄉淚半書間。
出山不見家，還山見家在。山門是門前，此去長樵采。青溪誰招隱，白髮自相待。惟餘澗底松，依依色不改。
那年離別日，只道住桐廬。桐廬人不見，今得廣州書。
入市非求利，過朝不爲名。有時隨俗物，相伴且營營。
月明花滿地，君自憶山陰。誰遣因風起，紛紛亂此心。
空山不見人，但聞人語響。返景入深林，復照青苔上。
交道有寒暑，在人無古今。與君中夜話，盡我一生心。所向未得志，豈惟空解吟。何當重相見，舊隱白雲深。
心爲明時盡，君門尚不容。田園迷徑路，歸去欲何從。
雪覆寒溪竹，風卷野田蓬。四望無竹跡，誰憐孤老翁。
念遠心如燒，不覺中夜起。桃花帶露泛，立在月明裏。
歌舞須連夜，神仙莫放歸。參差隨暮雨，前路濕人衣。
散影玉階柳，含翠隱鳴蟬。微形藏葉裏，亂響出風前。
君罷江西日，家貧爲一官。還歸五陵去，只向遠峰看。暮色催人別，秋風待雨寒。遙知到三徑，唯有菊花殘。
隔是身如夢，頻來不爲名。憐君近南住，時得到山行。
送君若浪水，疊疊愁思起。夢魂如月明，相送秋江裏。
一歲猶未滿，九泉何太深。唯餘卷書草，相對共傷心。
長風起秋色，細雨含落暉。夕鳥向林去，晚帆相逐飛。蟲聲出亂草，水氣薄行衣。一別故鄉道，悠悠今始歸。
雨濕松陰涼，風落松花細。獨鶴愛清幽，飛來不飛去。
寒更承夜永，涼夕向秋澄。離心何以贈，自有玉壺冰。
江上風煙積，山幽雲霧多。送君南浦外，還望將如何。
今歲今宵盡，明年明日催。寒隨一夜去，春逐五更來。氣色空中改，容顏暗裏回。風光人不覺，已著後園梅。
九日登高望，蒼蒼遠樹低。人煙湖草裏，山翠縣樓西。霜降鴻聲切，秋深客思迷。無勞白衣酒，陶令自相攜。
百年愁裏過，萬感醉中來。惆悵城西別，愁眉兩不開。
遺殿空長閉，乘鸞自不回。至今荒草上，寥落舊花開。
相送臨高臺，川原杳何極。日暮飛鳥還，行人去不息。
寒空五老雪，斜月九江雲。鐘聲知何處，蒼蒼樹裏聞。
久客厭岐路，出門吟且悲。平生未到處，落日獨行時。芳草不長綠，故人無重期。那堪更南渡，鄉國已天涯。
五里復五里，去時無住時。日將家漸遠，猶恨馬行遲。
年年人自老，日日水東流。庭芳自搖落，永念結中腸。
荒村帶返照，落葉亂紛紛。古路無行客，寒山獨見君。野橋經雨斷，澗水向田分。不爲憐同病，何人到白雲。
自到西川住，惟君別有情。常逢對門遠，又隔一重城。
僧家竟何事，掃地與焚香。清磬度山翠，閑雲來竹房。身心塵外遠，歲月坐中長。向晚禪堂掩，無人空夕陽。
不見僧中舊，仍逢雨後春。惜花將愛寺，俱是白頭人。
東風花樹下，送爾出京城。久抱傷春意，新添惜別情。歸來身已病，相見眼還明。更遣將詩酒，誰家逐後生。
夜靜河漢高，獨坐庭前月。忽起故園思，動作經年別。
夜雨須停棹，秋風暗入衣。見君嘗北望，何事却南歸。
故國三千里，深宮二十年。一聲河滿子，雙淚落君前。
亂竹開三徑，飛花滿四鄰。從來揚子宅，別有尚玄人。
山館長寂寂，閑雲朝夕來。空庭復何有，落日照青苔。
白頭爲遠客，常憶白雲間。祗覺老轉老，不知閑是閑。花含宜細雨，室冷是深山。唯有霜臺客，依依是往還。
借問東園柳，枯來得幾年。自無枝葉分，莫怨太陽偏。
西南積水遠，老病喜生歸。此地故人別，空餘淚滿衣。
花開蝶滿枝，花落蝶還稀。惟有舊巢燕，主人貧亦歸。
江鐘寒夕微，江鳥望巢飛。木落山城出，潮生海棹歸。獨吟霜島月，誰寄雪天衣。此別三千里，關西信更稀。
枕上用心靜，唯應改舊詩。強行休去早，暫臥起還遲。因說來歸處，却愁初病時。赤城山下寺，無計得相隨。
春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。
漢宮若遠近，路在寒沙上。到死不得歸，何人共南望。
初程風信好，迴望失津樓。日帶潮聲晚，煙含楚色秋。戍旗當遠客，島樹轉驚鷗。此去非名利，孤帆任白頭。
葉聲落如雨，月色白似霜。夜深方獨臥，誰爲拂塵牀。
靜煙臨碧樹，殘雪背晴樓。冷天侵極戍，寒月對行舟。
詩道世難通，歸寧楚浪中。早程殘嶽月，夜泊隔淮鐘。一鏡隨雙鬢，全家老半峰。無成來往過，折盡謝亭松。
長安多路岐，西去欲何依。浮世祗如此，舊山長憶歸。自離京國久，應已故人稀。好與孤雲住，孤雲無是非。
樓居半池上，澄影共相空。謝守題詩處，蓮開淨碧中。
愁見唱陽春，令人離腸結。郎去未歸家，柳自飄香雪。
青樓臨大道，一上一回老。所思終不來，極目傷春草。
承恩雖內殿，得道本深山。舉世相看老，孤峰獨自還。溪來青壁裏，路在白雲間。絕頂無人住，雙峰是舊關。
輪如明月盡，羅似薄雲穿。無由重掩笑，分在秋風前。
獨在西峰頂，年年閉石房。定中無弟子，人到爲焚香。
飛閣青霞裏，先秋獨早涼。天花映窗近，月桂拂簷香。華岳三峰小，黃河一帶長。空聞指歸路，煙處有垂楊。
秋浦猨夜愁，黃山堪白頭。清溪非隴水，翻作斷腸流。欲去不得去，薄遊成久遊。何年是歸日，雨淚下孤舟。
抱琴開野室，攜酒對情人。林塘花月下，別似一家春。
家寄江東遠，身對江西春。空見相思樹，不見相思人。
長聽巴西事，看圖勝所聞。江樓明返照，雪嶺亂晴雲。景象詩情在，幽奇筆跡分。使君徒說好，不祗怨離羣。
紅葉醉秋色，碧溪彈夜弦。佳期不可再，風雨杳如年。
何人不歸去，君去是閑人。帝里求相識，山家即近鄰。交情吾道可，離思柳條新。未飲青門酒，先如醉夢身。
寒食少天氣，東風多柳花。小桃知客意，春盡始開花。
松下問童子，言師採藥去。只在此山中，雲深不知處。
衆鳥各歸枝，烏烏爾不棲。還應知妾恨，故向綠窗啼。
漢國山河在，秦陵草樹深。暮雲千里色，無處不傷心。
爭那金烏何，頭上飛不住。紅爐漫燒藥，玉顏安可駐。今年花發枝，明年葉落樹。不如且飲酒，莫管流年度。
失却煙花主，東君自不知。清香更何用，猶發去年枝。
西風吹急景，美人照金井。不見面上花，却恨井中影。
一第時難得，歸期日已過。相看玄鬢少，共憶白雲多。楚闊天垂草，吳空月上波。無人不有遇，之子獨狂歌。
一聲初應侯，萬木已西風。便感異鄉客，先於離塞鴻。日斜金谷靜，雨過石城空。此處不堪聽，蕭條千古同。
渡遠荆門外，來從楚國遊。山隨平野盡，江入大荒流。月下飛天鏡，雲生結海樓。仍連故鄉水，萬里送行舟。
危事經非一，浮榮得是空。白頭官舍裏，今日又春風。
聞道成都酒，無錢亦可求。不知將幾斗，銷得此來愁。
走馬還相尋，西樓下夕陰。結交期一劒，留意贈千金。高閣歌聲遠，重關柳色深。夜閑須盡醉，莫負百年心。
路逢一老翁，兩鬢白如雪。一里二里行，四回五回歇。
如何贈琴日，已是絕弦時。無復雙金報，空餘挂劒悲。
閉門無事後，此地即山中。但覺鳥聲異，不知人境同。晚花開爲雨，殘果落因風。獨坐還吟酌，詩成酒已空。
白露傷草木，山風吹夜寒。遙林夢親友，高興發雲端。郭外秋聲急，城邊月色殘。瑤琴多遠思，更爲客中彈。
晴川倚落暉，極目思依依。野色寒來淺，人家亂後稀。久貧身不達，多病意長違。還有漁舟在，時時夢裏歸。
一葉隨西風，君行亦向東。知妾飛書意，無勞待早鴻。
江天寒意少，冬月雨仍飛。出戶愁爲聽，從風灑客衣。旅魂驚處斷，鄉信意中微。幾日應晴去，孤舟且欲歸。
孤帆處處宿，不問是誰家。南國平蕪遠，東風細雨斜。旅懷多寄酒，寒意欲留花。更想前途去，茫茫滄海涯。
三復招隱吟，不知寒夜深。看看西來月，移到青天心。
自到西川住，唯君別有情。常逢對門遠，又隔一重城。
山上天將近，人間路漸遙。誰當雲裏見，知欲渡仙橋。
今歲元日樂，不謝往年春。知向來心道，誰爲昨夜人。
夜聞鄰婦泣，切切有餘哀。即問緣何事，征人戰未迴。
豈是無干意，多求失道情。我見多求者，年高事不成。
數逢雲斷處，去岸映高山。身到章江日，應猶未得閑。
一念心清淨，處處蓮花開。一華一淨土，一土一如來。
關河月未曉，行子心已急。佳人無一言，獨背殘燈泣。
風吹城上樹，草沒城邊路。城裏月明時，精靈自來去。
黑白一齊全，生來始八年。中間初似破，十二歲無偏。
寂寥東郭外，白首一先生。解印孤琴在，移家五柳成。夕陽臨水釣，春雨向田耕。
疎散永無事，不眠常夜分。月中松露滴，風引鶴同聞。
一身無定處，萬里獨銷魂。芳草迷歸路，春流滴淚痕。幾時休旅食，何夜宿江村。欲識相思苦，空山啼暮猨。
非閣復非船，可居兼可過。君欲問方橋，方橋如此作。
年年二月暮，散亂雜飛花。雨過微風起，狂飄千萬家。
去歲雖無戰，今年未得歸。皇恩何以報，春日得春衣。
今來秋已暮，還恐未成歸。夢裏家仍遠，愁中葉又飛。竹聲風度急，燈影月來微。得見梁夫子，心源有所依。
我家不背水，君身不向越。自是相憶苦，忽如經年別。山家草木寒，石上有殘雪。美人望不見，迢迢雲中月。
莫問古宮名，古宮空有城。惟應東去水，不改舊時聲。
行吟洞庭句，不見洞庭人。盡日碧江夢，江南紅樹春。
避愁愁又至，愁至事難忘。夜坐心中火，朝爲鬢上霜。不經公子夢，偏入旅人腸。借問高軒客，何鄉是醉鄉。
先生歸有處，欲別笑無言。綠水到山口，青林連洞門。月明尋石路，雲霽望花源。早晚還乘鶴，悲歌向故園。
萬里春應盡，三江鴈亦稀。連天漢水廣，孤客未言歸。
河上微風來，關頭樹初濕。今朝關城吏，又見孤客入。上國誰與期，西來徒自急。
洛水春冰開，洛城春水綠。朝看大道上，落花亂馬足。
夜長憶白日，枕上吟千詩。何當苦寒氣，忽被東風吹。冰開魚龍別，天波殊路岐。
秋江共僧渡，鄉淚滴船回。一夜吳船夢，家書立馬開。
晚節歡重九，高山上五千。醉中知遇聖，夢裏見尋仙。
今逢石上生，本自波中有。紅豔秋風裏，誰憐衆芳後。
恩霑長壽酒，歸遺同心人。滿酌共君醉，一杯千萬春。
金谷園中柳，春來已舞腰。那堪好風景，獨上洛陽橋。
走馬遠相尋，西樓下夕陰。結交期一劒，留意贈千金。高閣歌聲遠，重門柳色深。夜闌須盡飲，莫負百年心。
久是天涯客，偏傷落木時。如何故國見，更欲異鄉期。鳥暮東西急，波寒上下遲。空將滿眼淚，千里怨相思。
新安君莫問，此路水雲深。江海無行跡，孤舟何處尋。青山空向淚，白月豈知心。縱有餘生在，終傷老病侵。
獻歲春猶淺，園林未盡開。雪和新雨落，風帶舊寒來。聽鳥聞歸鴈，看花識早梅。生涯知幾日，更被一年催。
對雨思君子，嘗茶近竹幽。儒家鄰古寺，不到又逢秋。
食出野田美，酒臨遠水傾。東流若未盡，應見別離情。
昔日愁頭白，誰知未白衰。眼看應落盡，無可變成絲。
南館城陰闊，東湖水氣多。直須臺上看，始奈月明何。
千里東歸客，無心憶舊遊。挂帆游白水，高枕到青州。
白衣遊帝鄉，已得事空王。却返湖山寺，高禪水月房。雨中過嶽黑，秋後宿船涼。回顧秦人語，他生會別方。
憶昔秋風起，君曾歎逐臣。何言芳草日，自作九泉人。
隱隱見花閣，隔河映青林。水田秋鴈下，山寺夜鐘深。寂寞羣動息，風泉清道心。
一生雖達理，遠別亦相悲。白髮無修處，青松有老時。暮煙傳戍起，寒日隔沙垂。若是長安去，何難定後期。
青樓挂明鏡，臨照不勝悲。白髮今如此，人生能幾時。秋風下山路，明月上春期。歎息君恩盡，容顏不可思。
可惜春時節，依前獨自遊。無端兩行淚，長只對花流。
結茅臨古渡，臥見長淮流。窗裏人將老，門前樹已秋。寒山獨過雁，暮雨遠來舟。日夕逢歸客，那能忘舊遊。
抱玉三朝楚，懷書十上秦。年年洛陽陌，花鳥弄歸人。
舊宅誰相近，唯僧近竹關。庭閑雲滿井，窗曉雪通山。來客半留宿，借書多寄還。明時未中歲，莫便一生閑。
東風日邊起，草木一時春。自笑中華路，年年送遠人。
此臺如可廢，此恨有誰平。縱使迷青草，終難沒舊名。天悲朝雨色，嶽哭夜猨聲。不是心偏苦，應關自古情。
清猨啼不住，白水下來新。八月莫爲客，夜長愁殺人。
故國波濤隔，明時心久留。獻書雙闕晚，看月五陵秋。南棹何當返，長江憶共遊。定知釣魚伴，相望在汀州。
茫茫長城外，日沒更煙塵。胡騎雖憑陵，漢兵不顧身。古樹滿空塞，黃雲愁殺人。
失爲庭前雪，飛因海上風。九霄應得侶，三夜不歸籠。聲斷碧雲外，影沈明月中。郡齋從此後，誰伴白頭翁。
天地平如水，王道自然開。家中無學子，官從何處來。
月出深峰裏，清涼夜亦寒。每嫌西落疾，不得到明看。
平生本多思，況復老逢春。今日梅花下，他鄉值故人。
光闊重湖水，低斜遠鴈行。未曾無興詠，多謝沈東陽。
人坐青樓晚，鶯語百花時。愁多人易老，斷腸君不知。
落日五湖遊，煙波處處愁。沈浮千古事，誰與問東流。
高浪如銀屋，江風一發時。筆端降太白，才大語終奇。
南原相送處，秋水草還生。同作憶鄉客，如今分路行。因誰寄歸信，漸遠問前程。明日重陽節，無人上古城。
閑吟秋景外，萬事覺悠悠。此夜若無月，一年虛過秋。
葉落滿庭陰，朱門試院深。昔年辛苦地，今日負前心。
青山臨黃河，下有長安道。世上名利人，相逢不知老。
映水色不別，向月光還度。傾在荷葉中，有時看是露。
幽鳥穿籬去，鄰翁採藥回。雲從潭底出，花向佛前開。
辭家年已久，與子分偏深。易得相思淚，難爲欲別心。孤雲隨浦口，幾日到山陰。遙想蘭亭下，清風滿竹林。
西園春欲盡，芳草徑難分。靜語唯幽鳥，閑眠獨使君。密林生雨氣，古石帶苔文。雖去清朝遠，朝朝見白雲。
片霞照仙井，泉底桃花紅。那知幽石下，不與武陵通。
華州回道人，來到岳陽城。別我遊何處，秋空一劒橫。
明明復夜夜，胡子即成翁。唯是真知性，不來生滅中。
靜宜樵隱度，遠與車馬隔。有時行藥來，喜遇歸山客。
浪息定何時，龍門到恐遲。輕舟不敢渡，空立望旌旗。
歸意隨流水，江湖共在東。山陰何處去，草際片帆通。雨色春愁裏，潮聲曉夢中。雖爲半年客，便是往來鴻。
贈枕猶香澤，啼衣尚淚痕。玉顏霄漢裏，空有往來魂。
陰盛此宵中，多爲雨與風。坐無風雨至，看與雪霜同。抱濕離遙海，傾寒向遠空。年年不相值，還似道難通。
上苑春先入，中園花盡開。唯餘幽徑草，尚待日光催。
人坐青樓晚，鶯語百花時。愁人多自老，腸斷君不知。
漢宮若遠近，路在寒沙上。到死不得歸，何人共南望。
胡風千里驚，漢月五更明。縱有還家夢，猶聞出塞聲。
平津東閣在，別是竹林期。萬葉秋聲裏，千家落照時。門隨深巷靜，窗過遠鐘遲。客舍苔生處，依依又賦詩。
猨聲到枕上，愁夢紛難理。寂寞深夜寒，青霜落秋水。
五道息對魂，九幽罷三途。不聞孤魂聲，但聞興樂歌。
一鳥如霜雪，飛向白樓前。問君何以至，天子太平年。
何處秋風至，蕭蕭送鴈羣。朝來入庭樹，孤客最先聞。
桃源若遠近，漁子櫂輕舟。川路行難盡，人家到漸幽。山禽拂席起，溪水入庭流。君是何年隱，如今成白頭。
還鄉不見家，年老眼多淚。車馬上河橋，城中好天氣。
郡樓乘曉上，盡日不能回。晚色將秋至，長風送月來。
天若無雪霜，青松不如草。地若無山川，何人重平道。
一雙青烏子，飛來五兩頭。借問船輕重，寄信到揚州。
山深雲景別，有寺亦堪過。才子將迎遠，林僧氣性和。潭清蒲影定，松老鶴聲多。豈不思公府，其如野興何。
香爐最高頂，中有高人住。日暮下山來，月明上山去。
海上正搖落，客中還別離。同舟去未已，遠送新相知。流水意何極，滿尊徒爾爲。從來菊花節，早已醉東籬。
西園春欲盡，芳草徑難分。靜語唯幽鳥，閑眠獨使君。密林生雨氣，古石帶潮文。雖去清秋遠，朝朝見白雲。
石宮秋氣清，清氣宜山谷。落葉逐霜風，幽人愛松竹。
長樂青門外，宜春小苑東。樓開萬戶上，人向百花中。
曉月千重樹，春煙十里溪。過來還過去，此路不知迷。
十夜郡城宿，苦吟身未閑。那堪西郭別，雪路問青山。
一壺情所寄，四句意能多。秋到無詩酒，其如月色何。
雪散因和氣，冰開得暖光。春銷不得處，唯有鬢邊霜。
流落征南將，曾驅十萬師。罷歸無舊業，老去戀明時。獨立三朝識，輕生一劒知。茫茫漢江上，日暮復何之。
遠夢如水急，白髮如草新。歸期待春至，春至還送人。
一帆何處去，正在望中微。浦迥搖空色，汀迴見落暉。每爭高鳥度，能送遠人歸。偏似南浮客，悠揚無所依。
晚叢白露夕，衰葉涼風朝。紅豔久已歇，碧芳今亦銷。幽人坐相對，心事共蕭條。
衆鳥各歸枝，烏烏爾不棲。還應知妾恨，故向綠窗啼。
連簷對雙樹，冬翠夏無塵。未肯慙桃李，成陰不待春。
定定住天涯，依依向物華。寒梅最堪恨，常作去年花。
`;

export const tales = `There was once an old castle, that stood in the middle of a deep gloomy wood, and in the castle lived an old fairy. Now this fairy could take any shape she pleased. All the day long she flew about in the form of an owl, or crept about the country like a cat; but at night she always became an old woman again. When any young man came within a hundred paces of her castle, he became quite fixed, and could not move a step till she came and set him free; which she would not do till he had given her his word never to come there again: but when any pretty maiden came within that space she was changed into a bird, and the fairy put her into a cage, and hung her up in a chamber in the castle. There were seven hundred of these cages hanging in the castle, and all with beautiful birds in them.
Now there was once a maiden whose name was Jorinda. She was prettier than all the pretty girls that ever were seen before, and a shepherd lad, whose name was Jorindel, was very fond of her, and they were soon to be married. One day they went to walk in the wood, that they might be alone; and Jorindel said, 'We must take care that we don't go too near to the fairy's castle.' It was a beautiful evening; the last rays of the setting sun shone bright through the long stems of the trees upon the green underwood beneath, and the turtle-doves sang from the tall birches.
Jorinda sat down to gaze upon the sun; Jorindel sat by her side; and both felt sad, they knew not why; but it seemed as if they were to be parted from one another for ever. They had wandered a long way; and when they looked to see which way they should go home, they found themselves at a loss to know what path to take.
The sun was setting fast, and already half of its circle had sunk behind the hill: Jorindel on a sudden looked behind him, and saw through the bushes that they had, without knowing it, sat down close under the old walls of the castle. Then he shrank for fear, turned pale, and trembled. Jorinda was just singing,
'The ring-dove sang from the willow spray, Well-a-day! Well-a-day! He mourn'd for the fate of his darling mate, Well-a-day!'
when her song stopped suddenly. Jorindel turned to see the reason, and beheld his Jorinda changed into a nightingale, so that her song ended with a mournful jug, jug. An owl with fiery eyes flew three times round them, and three times screamed:
'Tu whu! Tu whu! Tu whu!'
Jorindel could not move; he stood fixed as a stone, and could neither weep, nor speak, nor stir hand or foot. And now the sun went quite down; the gloomy night came; the owl flew into a bush; and a moment after the old fairy came forth pale and meagre, with staring eyes, and a nose and chin that almost met one another.
She mumbled something to herself, seized the nightingale, and went away with it in her hand. Poor Jorindel saw the nightingale was gone--but what could he do? He could not speak, he could not move from the spot where he stood. At last the fairy came back and sang with a hoarse voice:
'Till the prisoner is fast, And her doom is cast, There stay! Oh, stay! When the charm is around her, And the spell has bound her, Hie away! away!'
On a sudden Jorindel found himself free. Then he fell on his knees before the fairy, and prayed her to give him back his dear Jorinda: but she laughed at him, and said he should never see her again; then she went her way.
He prayed, he wept, he sorrowed, but all in vain. 'Alas!' he said, 'what will become of me?' He could not go back to his own home, so he went to a strange village, and employed himself in keeping sheep. Many a time did he walk round and round as near to the hated castle as he dared go, but all in vain; he heard or saw nothing of Jorinda.
At last he dreamt one night that he found a beautiful purple flower, and that in the middle of it lay a costly pearl; and he dreamt that he plucked the flower, and went with it in his hand into the castle, and that everything he touched with it was disenchanted, and that there he found his Jorinda again.
In the morning when he awoke, he began to search over hill and dale for this pretty flower; and eight long days he sought for it in vain: but on the ninth day, early in the morning, he found the beautiful purple flower; and in the middle of it was a large dewdrop, as big as a costly pearl. Then he plucked the flower, and set out and travelled day and night, till he came again to the castle.
He walked nearer than a hundred paces to it, and yet he did not become fixed as before, but found that he could go quite close up to the door. Jorindel was very glad indeed to see this. Then he touched the door with the flower, and it sprang open; so that he went in through the court, and listened when he heard so many birds singing. At last he came to the chamber where the fairy sat, with the seven hundred birds singing in the seven hundred cages. When she saw Jorindel she was very angry, and screamed with rage; but she could not come within two yards of him, for the flower he held in his hand was his safeguard. He looked around at the birds, but alas! there were many, many nightingales, and how then should he find out which was his Jorinda? While he was thinking what to do, he saw the fairy had taken down one of the cages, and was making the best of her way off through the door. He ran or flew after her, touched the cage with the flower, and Jorinda stood before him, and threw her arms round his neck looking as beautiful as ever, as beautiful as when they walked together in the wood.
Then he touched all the other birds with the flower, so that they all took their old forms again; and he took Jorinda home, where they were married, and lived happily together many years: and so did a good many other lads, whose maidens had been forced to sing in the old fairy's cages by themselves, much longer than they liked.

An honest farmer had once an ass that had been a faithful servant to him a great many years, but was now growing old and every day more and more unfit for work. His master therefore was tired of keeping him and began to think of putting an end to him; but the ass, who saw that some mischief was in the wind, took himself slyly off, and began his journey towards the great city, 'For there,' thought he, 'I may turn musician.'
After he had travelled a little way, he spied a dog lying by the roadside and panting as if he were tired. 'What makes you pant so, my friend?' said the ass. 'Alas!' said the dog, 'my master was going to knock me on the head, because I am old and weak, and can no longer make myself useful to him in hunting; so I ran away; but what can I do to earn my livelihood?' 'Hark ye!' said the ass, 'I am going to the great city to turn musician: suppose you go with me, and try what you can do in the same way?' The dog said he was willing, and they jogged on together.
They had not gone far before they saw a cat sitting in the middle of the road and making a most rueful face. 'Pray, my good lady,' said the ass, 'what's the matter with you? You look quite out of spirits!' 'Ah, me!' said the cat, 'how can one be in good spirits when one's life is in danger? Because I am beginning to grow old, and had rather lie at my ease by the fire than run about the house after the mice, my mistress laid hold of me, and was going to drown me; and though I have been lucky enough to get away from her, I do not know what I am to live upon.' 'Oh,' said the ass, 'by all means go with us to the great city; you are a good night singer, and may make your fortune as a musician.' The cat was pleased with the thought, and joined the party.
Soon afterwards, as they were passing by a farmyard, they saw a cock perched upon a gate, and screaming out with all his might and main. 'Bravo!' said the ass; 'upon my word, you make a famous noise; pray what is all this about?' 'Why,' said the cock, 'I was just now saying that we should have fine weather for our washing-day, and yet my mistress and the cook don't thank me for my pains, but threaten to cut off my head tomorrow, and make broth of me for the guests that are coming on Sunday!' 'Heaven forbid!' said the ass, 'come with us Master Chanticleer; it will be better, at any rate, than staying here to have your head cut off! Besides, who knows? If we care to sing in tune, we may get up some kind of a concert; so come along with us.' 'With all my heart,' said the cock: so they all four went on jollily together.
They could not, however, reach the great city the first day; so when night came on, they went into a wood to sleep. The ass and the dog laid themselves down under a great tree, and the cat climbed up into the branches; while the cock, thinking that the higher he sat the safer he should be, flew up to the very top of the tree, and then, according to his custom, before he went to sleep, looked out on all sides of him to see that everything was well. In doing this, he saw afar off something bright and shining and calling to his companions said, 'There must be a house no great way off, for I see a light.' 'If that be the case,' said the ass, 'we had better change our quarters, for our lodging is not the best in the world!' 'Besides,' added the dog, 'I should not be the worse for a bone or two, or a bit of meat.' So they walked off together towards the spot where Chanticleer had seen the light, and as they drew near it became larger and brighter, till they at last came close to a house in which a gang of robbers lived.
The ass, being the tallest of the company, marched up to the window and peeped in. 'Well, Donkey,' said Chanticleer, 'what do you see?' 'What do I see?' replied the ass. 'Why, I see a table spread with all kinds of good things, and robbers sitting round it making merry.' 'That would be a noble lodging for us,' said the cock. 'Yes,' said the ass, 'if we could only get in'; so they consulted together how they should contrive to get the robbers out; and at last they hit upon a plan. The ass placed himself upright on his hind legs, with his forefeet resting against the window; the dog got upon his back; the cat scrambled up to the dog's shoulders, and the cock flew up and sat upon the cat's head. When all was ready a signal was given, and they began their music. The ass brayed, the dog barked, the cat mewed, and the cock screamed; and then they all broke through the window at once, and came tumbling into the room, amongst the broken glass, with a most hideous clatter! The robbers, who had been not a little frightened by the opening concert, had now no doubt that some frightful hobgoblin had broken in upon them, and scampered away as fast as they could.
The coast once clear, our travellers soon sat down and dispatched what the robbers had left, with as much eagerness as if they had not expected to eat again for a month. As soon as they had satisfied themselves, they put out the lights, and each once more sought out a resting-place to his own liking. The donkey laid himself down upon a heap of straw in the yard, the dog stretched himself upon a mat behind the door, the cat rolled herself up on the hearth before the warm ashes, and the cock perched upon a beam on the top of the house; and, as they were all rather tired with their journey, they soon fell asleep.
But about midnight, when the robbers saw from afar that the lights were out and that all seemed quiet, they began to think that they had been in too great a hurry to run away; and one of them, who was bolder than the rest, went to see what was going on. Finding everything still, he marched into the kitchen, and groped about till he found a match in order to light a candle; and then, espying the glittering fiery eyes of the cat, he mistook them for live coals, and held the match to them to light it. But the cat, not understanding this joke, sprang at his face, and spat, and scratched at him. This frightened him dreadfully, and away he ran to the back door; but there the dog jumped up and bit him in the leg; and as he was crossing over the yard the ass kicked him; and the cock, who had been awakened by the noise, crowed with all his might. At this the robber ran back as fast as he could to his comrades, and told the captain how a horrid witch had got into the house, and had spat at him and scratched his face with her long bony fingers; how a man with a knife in his hand had hidden himself behind the door, and stabbed him in the leg; how a black monster stood in the yard and struck him with a club, and how the devil had sat upon the top of the house and cried out, 'Throw the rascal up here!' After this the robbers never dared to go back to the house; but the musicians were so pleased with their quarters that they took up their abode there; and there they are, I dare say, at this very day.

A shepherd had a faithful dog, called Sultan, who was grown very old, and had lost all his teeth. And one day when the shepherd and his wife were standing together before the house the shepherd said, 'I will shoot old Sultan tomorrow morning, for he is of no use now.' But his wife said, 'Pray let the poor faithful creature live; he has served us well a great many years, and we ought to give him a livelihood for the rest of his days.' 'But what can we do with him?' said the shepherd, 'he has not a tooth in his head, and the thieves don't care for him at all; to be sure he has served us, but then he did it to earn his livelihood; tomorrow shall be his last day, depend upon it.'
Poor Sultan, who was lying close by them, heard all that the shepherd and his wife said to one another, and was very much frightened to think tomorrow would be his last day; so in the evening he went to his good friend the wolf, who lived in the wood, and told him all his sorrows, and how his master meant to kill him in the morning. 'Make yourself easy,' said the wolf, 'I will give you some good advice. Your master, you know, goes out every morning very early with his wife into the field; and they take their little child with them, and lay it down behind the hedge in the shade while they are at work. Now do you lie down close by the child, and pretend to be watching it, and I will come out of the wood and run away with it; you must run after me as fast as you can, and I will let it drop; then you may carry it back, and they will think you have saved their child, and will be so thankful to you that they will take care of you as long as you live.' The dog liked this plan very well; and accordingly so it was managed. The wolf ran with the child a little way; the shepherd and his wife screamed out; but Sultan soon overtook him, and carried the poor little thing back to his master and mistress. Then the shepherd patted him on the head, and said, 'Old Sultan has saved our child from the wolf, and therefore he shall live and be well taken care of, and have plenty to eat. Wife, go home, and give him a good dinner, and let him have my old cushion to sleep on as long as he lives.' So from this time forward Sultan had all that he could wish for.
Soon afterwards the wolf came and wished him joy, and said, 'Now, my good fellow, you must tell no tales, but turn your head the other way when I want to taste one of the old shepherd's fine fat sheep.' 'No,' said the Sultan; 'I will be true to my master.' However, the wolf thought he was in joke, and came one night to get a dainty morsel. But Sultan had told his master what the wolf meant to do; so he laid wait for him behind the barn door, and when the wolf was busy looking out for a good fat sheep, he had a stout cudgel laid about his back, that combed his locks for him finely.
Then the wolf was very angry, and called Sultan 'an old rogue,' and swore he would have his revenge. So the next morning the wolf sent the boar to challenge Sultan to come into the wood to fight the matter. Now Sultan had nobody he could ask to be his second but the shepherd's old three-legged cat; so he took her with him, and as the poor thing limped along with some trouble, she stuck up her tail straight in the air.
The wolf and the wild boar were first on the ground; and when they espied their enemies coming, and saw the cat's long tail standing straight in the air, they thought she was carrying a sword for Sultan to fight with; and every time she limped, they thought she was picking up a stone to throw at them; so they said they should not like this way of fighting, and the boar lay down behind a bush, and the wolf jumped up into a tree. Sultan and the cat soon came up, and looked about and wondered that no one was there. The boar, however, had not quite hidden himself, for his ears stuck out of the bush; and when he shook one of them a little, the cat, seeing something move, and thinking it was a mouse, sprang upon it, and bit and scratched it, so that the boar jumped up and grunted, and ran away, roaring out, 'Look up in the tree, there sits the one who is to blame.' So they looked up, and espied the wolf sitting amongst the branches; and they called him a cowardly rascal, and would not suffer him to come down till he was heartily ashamed of himself, and had promised to be good friends again with old Sultan.

In a village dwelt a poor old woman, who had gathered together a dish of beans and wanted to cook them. So she made a fire on her hearth, and that it might burn the quicker, she lighted it with a handful of straw. When she was emptying the beans into the pan, one dropped without her observing it, and lay on the ground beside a straw, and soon afterwards a burning coal from the fire leapt down to the two. Then the straw began and said: 'Dear friends, from whence do you come here?' The coal replied: 'I fortunately sprang out of the fire, and if I had not escaped by sheer force, my death would have been certain,--I should have been burnt to ashes.' The bean said: 'I too have escaped with a whole skin, but if the old woman had got me into the pan, I should have been made into broth without any mercy, like my comrades.' 'And would a better fate have fallen to my lot?' said the straw. 'The old woman has destroyed all my brethren in fire and smoke; she seized sixty of them at once, and took their lives. I luckily slipped through her fingers.'
'But what are we to do now?' said the coal.
'I think,' answered the bean, 'that as we have so fortunately escaped death, we should keep together like good companions, and lest a new mischance should overtake us here, we should go away together, and repair to a foreign country.'
The proposition pleased the two others, and they set out on their way together. Soon, however, they came to a little brook, and as there was no bridge or foot-plank, they did not know how they were to get over it. The straw hit on a good idea, and said: 'I will lay myself straight across, and then you can walk over on me as on a bridge.' The straw therefore stretched itself from one bank to the other, and the coal, who was of an impetuous disposition, tripped quite boldly on to the newly-built bridge. But when she had reached the middle, and heard the water rushing beneath her, she was after all, afraid, and stood still, and ventured no farther. The straw, however, began to burn, broke in two pieces, and fell into the stream. The coal slipped after her, hissed when she got into the water, and breathed her last. The bean, who had prudently stayed behind on the shore, could not but laugh at the event, was unable to stop, and laughed so heartily that she burst. It would have been all over with her, likewise, if, by good fortune, a tailor who was travelling in search of work, had not sat down to rest by the brook. As he had a compassionate heart he pulled out his needle and thread, and sewed her together. The bean thanked him most prettily, but as the tailor used black thread, all beans since then have a black seam.

A king and queen once upon a time reigned in a country a great way off, where there were in those days fairies. Now this king and queen had plenty of money, and plenty of fine clothes to wear, and plenty of good things to eat and drink, and a coach to ride out in every day: but though they had been married many years they had no children, and this grieved them very much indeed. But one day as the queen was walking by the side of the river, at the bottom of the garden, she saw a poor little fish, that had thrown itself out of the water, and lay gasping and nearly dead on the bank. Then the queen took pity on the little fish, and threw it back again into the river; and before it swam away it lifted its head out of the water and said, 'I know what your wish is, and it shall be fulfilled, in return for your kindness to me--you will soon have a daughter.' What the little fish had foretold soon came to pass; and the queen had a little girl, so very beautiful that the king could not cease looking on it for joy, and said he would hold a great feast and make merry, and show the child to all the land. So he asked his kinsmen, and nobles, and friends, and neighbours. But the queen said, 'I will have the fairies also, that they might be kind and good to our little daughter.' Now there were thirteen fairies in the kingdom; but as the king and queen had only twelve golden dishes for them to eat out of, they were forced to leave one of the fairies without asking her. So twelve fairies came, each with a high red cap on her head, and red shoes with high heels on her feet, and a long white wand in her hand: and after the feast was over they gathered round in a ring and gave all their best gifts to the little princess. One gave her goodness, another beauty, another riches, and so on till she had all that was good in the world.
Just as eleven of them had done blessing her, a great noise was heard in the courtyard, and word was brought that the thirteenth fairy was come, with a black cap on her head, and black shoes on her feet, and a broomstick in her hand: and presently up she came into the dining-hall. Now, as she had not been asked to the feast she was very angry, and scolded the king and queen very much, and set to work to take her revenge. So she cried out, 'The king's daughter shall, in her fifteenth year, be wounded by a spindle, and fall down dead.' Then the twelfth of the friendly fairies, who had not yet given her gift, came forward, and said that the evil wish must be fulfilled, but that she could soften its mischief; so her gift was, that the king's daughter, when the spindle wounded her, should not really die, but should only fall asleep for a hundred years.
However, the king hoped still to save his dear child altogether from the threatened evil; so he ordered that all the spindles in the kingdom should be bought up and burnt. But all the gifts of the first eleven fairies were in the meantime fulfilled; for the princess was so beautiful, and well behaved, and good, and wise, that everyone who knew her loved her.
It happened that, on the very day she was fifteen years old, the king and queen were not at home, and she was left alone in the palace. So she roved about by herself, and looked at all the rooms and chambers, till at last she came to an old tower, to which there was a narrow staircase ending with a little door. In the door there was a golden key, and when she turned it the door sprang open, and there sat an old lady spinning away very busily. 'Why, how now, good mother,' said the princess; 'what are you doing there?' 'Spinning,' said the old lady, and nodded her head, humming a tune, while buzz! went the wheel. 'How prettily that little thing turns round!' said the princess, and took the spindle and began to try and spin. But scarcely had she touched it, before the fairy's prophecy was fulfilled; the spindle wounded her, and she fell down lifeless on the ground.
However, she was not dead, but had only fallen into a deep sleep; and the king and the queen, who had just come home, and all their court, fell asleep too; and the horses slept in the stables, and the dogs in the court, the pigeons on the house-top, and the very flies slept upon the walls. Even the fire on the hearth left off blazing, and went to sleep; the jack stopped, and the spit that was turning about with a goose upon it for the king's dinner stood still; and the cook, who was at that moment pulling the kitchen-boy by the hair to give him a box on the ear for something he had done amiss, let him go, and both fell asleep; the butler, who was slyly tasting the ale, fell asleep with the jug at his lips: and thus everything stood still, and slept soundly.
A large hedge of thorns soon grew round the palace, and every year it became higher and thicker; till at last the old palace was surrounded and hidden, so that not even the roof or the chimneys could be seen. But there went a report through all the land of the beautiful sleeping Briar Rose (for so the king's daughter was called): so that, from time to time, several kings' sons came, and tried to break through the thicket into the palace. This, however, none of them could ever do; for the thorns and bushes laid hold of them, as it were with hands; and there they stuck fast, and died wretchedly.
After many, many years there came a king's son into that land: and an old man told him the story of the thicket of thorns; and how a beautiful palace stood behind it, and how a wonderful princess, called Briar Rose, lay in it asleep, with all her court. He told, too, how he had heard from his grandfather that many, many princes had come, and had tried to break through the thicket, but that they had all stuck fast in it, and died. Then the young prince said, 'All this shall not frighten me; I will go and see this Briar Rose.' The old man tried to hinder him, but he was bent upon going.
Now that very day the hundred years were ended; and as the prince came to the thicket he saw nothing but beautiful flowering shrubs, through which he went with ease, and they shut in after him as thick as ever. Then he came at last to the palace, and there in the court lay the dogs asleep; and the horses were standing in the stables; and on the roof sat the pigeons fast asleep, with their heads under their wings. And when he came into the palace, the flies were sleeping on the walls; the spit was standing still; the butler had the jug of ale at his lips, going to drink a draught; the maid sat with a fowl in her lap ready to be plucked; and the cook in the kitchen was still holding up her hand, as if she was going to beat the boy.
Then he went on still farther, and all was so still that he could hear every breath he drew; till at last he came to the old tower, and opened the door of the little room in which Briar Rose was; and there she lay, fast asleep on a couch by the window. She looked so beautiful that he could not take his eyes off her, so he stooped down and gave her a kiss. But the moment he kissed her she opened her eyes and awoke, and smiled upon him; and they went out together; and soon the king and queen also awoke, and all the court, and gazed on each other with great wonder. And the horses shook themselves, and the dogs jumped up and barked; the pigeons took their heads from under their wings, and looked about and flew into the fields; the flies on the walls buzzed again; the fire in the kitchen blazed up; round went the jack, and round went the spit, with the goose for the king's dinner upon it; the butler finished his draught of ale; the maid went on plucking the fowl; and the cook gave the boy the box on his ear.
And then the prince and Briar Rose were married, and the wedding feast was given; and they lived happily together all their lives long.
A shepherd's dog had a master who took no care of him, but often let him suffer the greatest hunger. At last he could bear it no longer; so he took to his heels, and off he ran in a very sad and sorrowful mood. On the road he met a sparrow that said to him, 'Why are you so sad, my friend?' 'Because,' said the dog, 'I am very very hungry, and have nothing to eat.' 'If that be all,' answered the sparrow, 'come with me into the next town, and I will soon find you plenty of food.' So on they went together into the town: and as they passed by a butcher's shop, the sparrow said to the dog, 'Stand there a little while till I peck you down a piece of meat.' So the sparrow perched upon the shelf: and having first looked carefully about her to see if anyone was watching her, she pecked and scratched at a steak that lay upon the edge of the shelf, till at last down it fell. Then the dog snapped it up, and scrambled away with it into a corner, where he soon ate it all up. 'Well,' said the sparrow, 'you shall have some more if you will; so come with me to the next shop, and I will peck you down another steak.' When the dog had eaten this too, the sparrow said to him, 'Well, my good friend, have you had enough now?' 'I have had plenty of meat,' answered he, 'but I should like to have a piece of bread to eat after it.' 'Come with me then,' said the sparrow, 'and you shall soon have that too.' So she took him to a baker's shop, and pecked at two rolls that lay in the window, till they fell down: and as the dog still wished for more, she took him to another shop and pecked down some more for him. When that was eaten, the sparrow asked him whether he had had enough now. 'Yes,' said he; 'and now let us take a walk a little way out of the town.' So they both went out upon the high road; but as the weather was warm, they had not gone far before the dog said, 'I am very much tired--I should like to take a nap.' 'Very well,' answered the sparrow, 'do so, and in the meantime I will perch upon that bush.' So the dog stretched himself out on the road, and fell fast asleep. Whilst he slept, there came by a carter with a cart drawn by three horses, and loaded with two casks of wine. The sparrow, seeing that the carter did not turn out of the way, but would go on in the track in which the dog lay, so as to drive over him, called out, 'Stop! stop! Mr Carter, or it shall be the worse for you.' But the carter, grumbling to himself, 'You make it the worse for me, indeed! what can you do?' cracked his whip, and drove his cart over the poor dog, so that the wheels crushed him to death. 'There,' cried the sparrow, 'thou cruel villain, thou hast killed my friend the dog. Now mind what I say. This deed of thine shall cost thee all thou art worth.' 'Do your worst, and welcome,' said the brute, 'what harm can you do me?' and passed on. But the sparrow crept under the tilt of the cart, and pecked at the bung of one of the casks till she loosened it; and then all the wine ran out, without the carter seeing it. At last he looked round, and saw that the cart was dripping, and the cask quite empty. 'What an unlucky wretch I am!' cried he. 'Not wretch enough yet!' said the sparrow, as she alighted upon the head of one of the horses, and pecked at him till he reared up and kicked. When the carter saw this, he drew out his hatchet and aimed a blow at the sparrow, meaning to kill her; but she flew away, and the blow fell upon the poor horse's head with such force, that he fell down dead. 'Unlucky wretch that I am!' cried he. 'Not wretch enough yet!' said the sparrow. And as the carter went on with the other two horses, she again crept under the tilt of the cart, and pecked out the bung of the second cask, so that all the wine ran out. When the carter saw this, he again cried out, 'Miserable wretch that I am!' But the sparrow answered, 'Not wretch enough yet!' and perched on the head of the second horse, and pecked at him too. The carter ran up and struck at her again with his hatchet; but away she flew, and the blow fell upon the second horse and killed him on the spot. 'Unlucky wretch that I am!' said he. 'Not wretch enough yet!' said the sparrow; and perching upon the third horse, she began to peck him too. The carter was mad with fury; and without looking about him, or caring what he was about, struck again at the sparrow; but killed his third horse as he done the other two. 'Alas! miserable wretch that I am!' cried he. 'Not wretch enough yet!' answered the sparrow as she flew away; 'now will I plague and punish thee at thy own house.' The carter was forced at last to leave his cart behind him, and to go home overflowing with rage and vexation. 'Alas!' said he to his wife, 'what ill luck has befallen me!--my wine is all spilt, and my horses all three dead.' 'Alas! husband,' replied she, 'and a wicked bird has come into the house, and has brought with her all the birds in the world, I am sure, and they have fallen upon our corn in the loft, and are eating it up at such a rate!' Away ran the husband upstairs, and saw thousands of birds sitting upon the floor eating up his corn, with the sparrow in the midst of them. 'Unlucky wretch that I am!' cried the carter; for he saw that the corn was almost all gone. 'Not wretch enough yet!' said the sparrow; 'thy cruelty shall cost thee thy life yet!' and away she flew.
The carter seeing that he had thus lost all that he had, went down into his kitchen; and was still not sorry for what he had done, but sat himself angrily and sulkily in the chimney corner. But the sparrow sat on the outside of the window, and cried 'Carter! thy cruelty shall cost thee thy life!' With that he jumped up in a rage, seized his hatchet, and threw it at the sparrow; but it missed her, and only broke the window. The sparrow now hopped in, perched upon the window-seat, and cried, 'Carter! it shall cost thee thy life!' Then he became mad and blind with rage, and struck the window-seat with such force that he cleft it in two: and as the sparrow flew from place to place, the carter and his wife were so furious, that they broke all their furniture, glasses, chairs, benches, the table, and at last the walls, without touching the bird at all. In the end, however, they caught her: and the wife said, 'Shall I kill her at once?' 'No,' cried he, 'that is letting her off too easily: she shall die a much more cruel death; I will eat her.' But the sparrow began to flutter about, and stretch out her neck and cried, 'Carter! it shall cost thee thy life yet!' With that he could wait no longer: so he gave his wife the hatchet, and cried, 'Wife, strike at the bird and kill her in my hand.' And the wife struck; but she missed her aim, and hit her husband on the head so that he fell down dead, and the sparrow flew quietly home to her nest.

There was a king who had twelve beautiful daughters. They slept in twelve beds all in one room; and when they went to bed, the doors were shut and locked up; but every morning their shoes were found to be quite worn through as if they had been danced in all night; and yet nobody could find out how it happened, or where they had been.
Then the king made it known to all the land, that if any person could discover the secret, and find out where it was that the princesses danced in the night, he should have the one he liked best for his wife, and should be king after his death; but whoever tried and did not succeed, after three days and nights, should be put to death.
A king's son soon came. He was well entertained, and in the evening was taken to the chamber next to the one where the princesses lay in their twelve beds. There he was to sit and watch where they went to dance; and, in order that nothing might pass without his hearing it, the door of his chamber was left open. But the king's son soon fell asleep; and when he awoke in the morning he found that the princesses had all been dancing, for the soles of their shoes were full of holes. The same thing happened the second and third night: so the king ordered his head to be cut off. After him came several others; but they had all the same luck, and all lost their lives in the same manner.
Now it chanced that an old soldier, who had been wounded in battle and could fight no longer, passed through the country where this king reigned: and as he was travelling through a wood, he met an old woman, who asked him where he was going. 'I hardly know where I am going, or what I had better do,' said the soldier; 'but I think I should like very well to find out where it is that the princesses dance, and then in time I might be a king.' 'Well,' said the old dame, 'that is no very hard task: only take care not to drink any of the wine which one of the princesses will bring to you in the evening; and as soon as she leaves you pretend to be fast asleep.'
Then she gave him a cloak, and said, 'As soon as you put that on you will become invisible, and you will then be able to follow the princesses wherever they go.' When the soldier heard all this good counsel, he determined to try his luck: so he went to the king, and said he was willing to undertake the task.
He was as well received as the others had been, and the king ordered fine royal robes to be given him; and when the evening came he was led to the outer chamber. Just as he was going to lie down, the eldest of the princesses brought him a cup of wine; but the soldier threw it all away secretly, taking care not to drink a drop. Then he laid himself down on his bed, and in a little while began to snore very loud as if he was fast asleep. When the twelve princesses heard this they laughed heartily; and the eldest said, 'This fellow too might have done a wiser thing than lose his life in this way!' Then they rose up and opened their drawers and boxes, and took out all their fine clothes, and dressed themselves at the glass, and skipped about as if they were eager to begin dancing. But the youngest said, 'I don't know how it is, while you are so happy I feel very uneasy; I am sure some mischance will befall us.' 'You simpleton,' said the eldest, 'you are always afraid; have you forgotten how many kings' sons have already watched in vain? And as for this soldier, even if I had not given him his sleeping draught, he would have slept soundly enough.'
When they were all ready, they went and looked at the soldier; but he snored on, and did not stir hand or foot: so they thought they were quite safe; and the eldest went up to her own bed and clapped her hands, and the bed sank into the floor and a trap-door flew open. The soldier saw them going down through the trap-door one after another, the eldest leading the way; and thinking he had no time to lose, he jumped up, put on the cloak which the old woman had given him, and followed them; but in the middle of the stairs he trod on the gown of the youngest princess, and she cried out to her sisters, 'All is not right; someone took hold of my gown.' 'You silly creature!' said the eldest, 'it is nothing but a nail in the wall.' Then down they all went, and at the bottom they found themselves in a most delightful grove of trees; and the leaves were all of silver, and glittered and sparkled beautifully. The soldier wished to take away some token of the place; so he broke off a little branch, and there came a loud noise from the tree. Then the youngest daughter said again, 'I am sure all is not right--did not you hear that noise? That never happened before.' But the eldest said, 'It is only our princes, who are shouting for joy at our approach.'
Then they came to another grove of trees, where all the leaves were of gold; and afterwards to a third, where the leaves were all glittering diamonds. And the soldier broke a branch from each; and every time there was a loud noise, which made the youngest sister tremble with fear; but the eldest still said, it was only the princes, who were crying for joy. So they went on till they came to a great lake; and at the side of the lake there lay twelve little boats with twelve handsome princes in them, who seemed to be waiting there for the princesses.
One of the princesses went into each boat, and the soldier stepped into the same boat with the youngest. As they were rowing over the lake, the prince who was in the boat with the youngest princess and the soldier said, 'I do not know why it is, but though I am rowing with all my might we do not get on so fast as usual, and I am quite tired: the boat seems very heavy today.' 'It is only the heat of the weather,' said the princess: 'I feel it very warm too.'
On the other side of the lake stood a fine illuminated castle, from which came the merry music of horns and trumpets. There they all landed, and went into the castle, and each prince danced with his princess; and the soldier, who was all the time invisible, danced with them too; and when any of the princesses had a cup of wine set by her, he drank it all up, so that when she put the cup to her mouth it was empty. At this, too, the youngest sister was terribly frightened, but the eldest always silenced her. They danced on till three o'clock in the morning, and then all their shoes were worn out, so that they were obliged to leave off. The princes rowed them back again over the lake (but this time the soldier placed himself in the boat with the eldest princess); and on the opposite shore they took leave of each other, the princesses promising to come again the next night.
When they came to the stairs, the soldier ran on before the princesses, and laid himself down; and as the twelve sisters slowly came up very much tired, they heard him snoring in his bed; so they said, 'Now all is quite safe'; then they undressed themselves, put away their fine clothes, pulled off their shoes, and went to bed. In the morning the soldier said nothing about what had happened, but determined to see more of this strange adventure, and went again the second and third night; and every thing happened just as before; the princesses danced each time till their shoes were worn to pieces, and then returned home. However, on the third night the soldier carried away one of the golden cups as a token of where he had been.
As soon as the time came when he was to declare the secret, he was taken before the king with the three branches and the golden cup; and the twelve princesses stood listening behind the door to hear what he would say. And when the king asked him. 'Where do my twelve daughters dance at night?' he answered, 'With twelve princes in a castle under ground.' And then he told the king all that had happened, and showed him the three branches and the golden cup which he had brought with him. Then the king called for the princesses, and asked them whether what the soldier said was true: and when they saw that they were discovered, and that it was of no use to deny what had happened, they confessed it all. And the king asked the soldier which of them he would choose for his wife; and he answered, 'I am not very young, so I will have the eldest.'--And they were married that very day, and the soldier was chosen to be the king's heir.

There was once a fisherman who lived with his wife in a pigsty, close by the seaside. The fisherman used to go out all day long a-fishing; and one day, as he sat on the shore with his rod, looking at the sparkling waves and watching his line, all on a sudden his float was dragged away deep into the water: and in drawing it up he pulled out a great fish. But the fish said, 'Pray let me live! I am not a real fish; I am an enchanted prince: put me in the water again, and let me go!' 'Oh, ho!' said the man, 'you need not make so many words about the matter; I will have nothing to do with a fish that can talk: so swim away, sir, as soon as you please!' Then he put him back into the water, and the fish darted straight down to the bottom, and left a long streak of blood behind him on the wave.
When the fisherman went home to his wife in the pigsty, he told her how he had caught a great fish, and how it had told him it was an enchanted prince, and how, on hearing it speak, he had let it go again. 'Did not you ask it for anything?' said the wife, 'we live very wretchedly here, in this nasty dirty pigsty; do go back and tell the fish we want a snug little cottage.'
The fisherman did not much like the business: however, he went to the seashore; and when he came back there the water looked all yellow and green. And he stood at the water's edge, and said:
'O man of the sea! Hearken to me! My wife Ilsabill Will have her own will, And hath sent me to beg a boon of thee!'
Then the fish came swimming to him, and said, 'Well, what is her will? What does your wife want?' 'Ah!' said the fisherman, 'she says that when I had caught you, I ought to have asked you for something before I let you go; she does not like living any longer in the pigsty, and wants a snug little cottage.' 'Go home, then,' said the fish; 'she is in the cottage already!' So the man went home, and saw his wife standing at the door of a nice trim little cottage. 'Come in, come in!' said she; 'is not this much better than the filthy pigsty we had?' And there was a parlour, and a bedchamber, and a kitchen; and behind the cottage there was a little garden, planted with all sorts of flowers and fruits; and there was a courtyard behind, full of ducks and chickens. 'Ah!' said the fisherman, 'how happily we shall live now!' 'We will try to do so, at least,' said his wife.
Everything went right for a week or two, and then Dame Ilsabill said, 'Husband, there is not near room enough for us in this cottage; the courtyard and the garden are a great deal too small; I should like to have a large stone castle to live in: go to the fish again and tell him to give us a castle.' 'Wife,' said the fisherman, 'I don't like to go to him again, for perhaps he will be angry; we ought to be easy with this pretty cottage to live in.' 'Nonsense!' said the wife; 'he will do it very willingly, I know; go along and try!'
The fisherman went, but his heart was very heavy: and when he came to the sea, it looked blue and gloomy, though it was very calm; and he went close to the edge of the waves, and said:
'O man of the sea! Hearken to me! My wife Ilsabill Will have her own will, And hath sent me to beg a boon of thee!'
'Well, what does she want now?' said the fish. 'Ah!' said the man, dolefully, 'my wife wants to live in a stone castle.' 'Go home, then,' said the fish; 'she is standing at the gate of it already.' So away went the fisherman, and found his wife standing before the gate of a great castle. 'See,' said she, 'is not this grand?' With that they went into the castle together, and found a great many servants there, and the rooms all richly furnished, and full of golden chairs and tables; and behind the castle was a garden, and around it was a park half a mile long, full of sheep, and goats, and hares, and deer; and in the courtyard were stables and cow-houses. 'Well,' said the man, 'now we will live cheerful and happy in this beautiful castle for the rest of our lives.' 'Perhaps we may,' said the wife; 'but let us sleep upon it, before we make up our minds to that.' So they went to bed.
The next morning when Dame Ilsabill awoke it was broad daylight, and she jogged the fisherman with her elbow, and said, 'Get up, husband, and bestir yourself, for we must be king of all the land.' 'Wife, wife,' said the man, 'why should we wish to be the king? I will not be king.' 'Then I will,' said she. 'But, wife,' said the fisherman, 'how can you be king--the fish cannot make you a king?' 'Husband,' said she, 'say no more about it, but go and try! I will be king.' So the man went away quite sorrowful to think that his wife should want to be king. This time the sea looked a dark grey colour, and was overspread with curling waves and the ridges of foam as he cried out:
'O man of the sea! Hearken to me! My wife Ilsabill Will have her own will, And hath sent me to beg a boon of thee!'
'Well, what would she have now?' said the fish. 'Alas!' said the poor man, 'my wife wants to be king.' 'Go home,' said the fish; 'she is king already.'
`;
